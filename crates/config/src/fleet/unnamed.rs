//! The model that gets what nothing declares.

use std::sync::Arc;

use transom_core::model::{
    Capacity, Deployment, DeploymentId, Mode, Model, ModelName, Price, Source, UpstreamName,
};

use super::assembly::{Assembly, Claim};
use crate::section::upstream::Behind;

impl Assembly<'_> {
    /// The server that is named without a file, and the model that gets what nothing declares.
    pub(super) fn upstream(&mut self, behind: &Behind) {
        let Some(name) = ModelName::parse("*") else { return };
        let claim = || Claim { layer: None, origin: behind.origin.clone() };
        let backend = behind.backend.clone();
        let id = Arc::from(format!("{name}@{}", backend.id));
        self.servers.insert(Arc::clone(&backend.id.0), claim());
        self.names.insert(name.shared(), claim());
        self.origins.push((name.to_string(), behind.origin.clone()));
        self.ids.insert(Arc::clone(&id));
        let deployment = Deployment {
            id: DeploymentId(id),
            backend: backend.id.clone(),
            upstream: UpstreamName::AsAsked,
            mode: Mode::Any,
            weight: 1,
            order: 0,
            limits: Capacity { enforced: self.defaults.enforce_rate_limits, ..Capacity::default() },
            max_context_tokens: None,
            timeouts: self.defaults.timeouts(),
            price: Price::default(),
            tags: Vec::new(),
            trust_name: false,
        };
        self.fleet.backends.push(backend);
        self.fleet.models.push(Model {
            name,
            deployments: vec![deployment],
            strategy: None,
            fallbacks: Vec::new(),
            context_fallbacks: Vec::new(),
            content_fallbacks: Vec::new(),
            retries: None,
            hidden: false,
            expose_upstream_model: false,
            source: Source::File,
        });
    }
}
