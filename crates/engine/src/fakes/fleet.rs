//! Models and deployments with the usual settings: a test writes down only what it is about.

use std::sync::Arc;
use std::time::Duration;

use transom_core::backend::BackendId;
use transom_core::fleet::Routing;
use transom_core::model::{
    Capacity, Deployment, DeploymentId, Mode, Model, ModelName, Price, Source, Timeouts,
    UpstreamName,
};
use transom_wire::chat::RenderOptions;
use transom_wire::scan;
use transom_wire::shield::Shield;

use super::{KEEP_ALIVE, SLOTS};
use crate::background;
use crate::settings::{Access, Settings, TurnLog};

/// A deployment on the server `backend`, which calls the model `real`. Its id is the server's name.
pub(crate) fn deployment(backend: &str) -> Deployment {
    Deployment {
        id: DeploymentId(Arc::from(backend)),
        backend: BackendId(Arc::from(backend)),
        upstream: UpstreamName::Named(Arc::from("real")),
        mode: Mode::Chat,
        weight: 1,
        order: 0,
        limits: Capacity::default(),
        max_context_tokens: None,
        timeouts: Timeouts {
            request: Duration::from_mins(10),
            first_chunk: Duration::from_mins(5),
            stream: Duration::from_mins(30),
            idle: Duration::from_mins(1),
        },
        price: Price::default(),
        tags: Vec::new(),
        trust_name: false,
    }
}

/// A model. Its deployments are tried in turn, so that tests know who is next.
pub(crate) fn model<const N: usize>(name: &str, deployments: [Deployment; N]) -> Model {
    Model {
        name: ModelName::parse(name).unwrap(),
        deployments: deployments.into(),
        strategy: None,
        fallbacks: Vec::new(),
        context_fallbacks: Vec::new(),
        content_fallbacks: Vec::new(),
        retries: None,
        hidden: false,
        expose_upstream_model: false,
        source: Source::File,
    }
}

/// The usual routing, in turn.
pub(crate) fn routing() -> Routing {
    Routing { strategy: transom_core::model::Strategy::RoundRobin, ..Routing::default() }
}

/// The usual settings.
pub(crate) fn settings() -> Settings {
    Settings {
        access: Access::Open,
        max_concurrency: SLOTS,
        scan: scan::Limits::default(),
        shield: Shield::default(),
        render: RenderOptions::default(),
        event_bytes: 1 << 20,
        history_depth: 10,
        keep_alive: KEEP_ALIVE,
        background: background::Limits {
            jobs: 10,
            wait: Duration::from_mins(10),
            events: Duration::from_mins(10),
        },
        turn_log: TurnLog::default(),
    }
}
