//! What is served: a chat model on two servers of which one is gone, a model that scores, and one
//! that lists leave out.

use std::sync::Arc;
use std::time::Duration;

use transom_core::backend::{
    ApiKind, BackendId, BackendKey, BackendSpec, BackendState, BackendTls, Load, ProbeStyle,
    ServedModel,
};
use transom_core::fleet::{Fleet, Routing};
use transom_core::model::{
    Alias, Capacity, Deployment, DeploymentId, Mode, Model, ModelName, Price, Source, Strategy,
    Timeouts, UpstreamName,
};
use transom_core::secret::Secret;

/// The key of a server.
pub(crate) const SECRET: &str = "sk-of-a-server-0123456789";

pub(crate) fn fleet() -> Fleet {
    Fleet {
        backends: vec![
            spec("node-1", BackendKey::Key(Secret::new(SECRET.to_owned()))),
            spec("node-2", BackendKey::Missing("env:NODE_2_KEY".into())),
        ],
        models: vec![
            model("org/chat", Source::File, &[("node-1", Mode::Chat), ("node-2", Mode::Chat)]),
            model("ranker", Source::Admin, &[("node-1", Mode::Rerank)]),
            Model { hidden: true, ..model("secret", Source::Admin, &[("node-2", Mode::Any)]) },
        ],
        aliases: vec![Alias { name: "gpt".into(), model: "org/chat".into(), hidden: false }],
        routing: Routing::default(),
    }
}

pub(crate) fn state(backend: &str) -> BackendState {
    match backend {
        "node-1" => BackendState::Ready,
        _ => BackendState::Unreachable { reason: "connection refused at 10.0.0.2".into() },
    }
}

pub(crate) fn load(backend: &str) -> Option<Load> {
    (backend == "node-1").then_some(Load { running: 2, waiting: 1, kv_cache: 0.5 })
}

pub(crate) fn served(backend: &str) -> Arc<[ServedModel]> {
    let id = Arc::from("upstream-name");
    let listed = ServedModel { id, max_model_len: Some(4096) };
    if backend == "node-1" { Arc::from([listed]) } else { Arc::from([]) }
}

fn spec(name: &str, key: BackendKey) -> BackendSpec {
    BackendSpec {
        id: BackendId(name.into()),
        url: format!("http://{name}:8000/v1").into(),
        key,
        tls: BackendTls::default(),
        connect_timeout: Duration::from_secs(2),
        probe: ProbeStyle::Active,
        api_kind: ApiKind::ChatCompletions,
    }
}

fn model(name: &str, source: Source, places: &[(&str, Mode)]) -> Model {
    let deployments = places.iter().map(|(backend, mode)| deployment(name, backend, *mode));
    Model {
        name: ModelName::parse(name).unwrap(),
        deployments: deployments.collect(),
        strategy: Some(Strategy::LeastLoaded),
        fallbacks: Vec::new(),
        context_fallbacks: Vec::new(),
        content_fallbacks: Vec::new(),
        retries: None,
        hidden: false,
        expose_upstream_model: false,
        source,
    }
}

fn deployment(model: &str, backend: &str, mode: Mode) -> Deployment {
    Deployment {
        id: DeploymentId(format!("{model}@{backend}").into()),
        backend: BackendId(backend.into()),
        upstream: UpstreamName::Named("upstream-name".into()),
        mode,
        weight: 1,
        order: 0,
        limits: Capacity { requests_per_minute: Some(60), ..Capacity::default() },
        max_context_tokens: Some(2048),
        timeouts: Timeouts {
            request: Duration::from_mins(10),
            first_chunk: Duration::from_mins(5),
            stream: Duration::from_mins(30),
            idle: Duration::from_millis(1500),
        },
        price: Price { input: Some(0.5), output: None },
        tags: vec!["fast".into()],
        trust_name: false,
    }
}
