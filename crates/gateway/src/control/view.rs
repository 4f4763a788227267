//! What operators see of servers and models.

use std::sync::Arc;

use transom_core::backend::BackendSpec;
use transom_core::model::Model;
use transom_core::port::upstream::Upstream as _;
use transom_engine::control::{BackendView, ModelView};
use transom_engine::readiness::ModelReadiness;
use transom_upstream::backend::Backend;
use transom_upstream::registry::Backends;

use super::Controller;

impl Controller {
    pub(super) fn view_of(&self, backend: &Backend, models: &[ModelReadiness]) -> BackendView {
        let deployments = models.iter().flat_map(|model| {
            let here = model.deployments.iter().filter(|seen| seen.backend == *backend.id());
            here.map(|seen| (Arc::clone(&model.model), seen.clone()))
        });
        BackendView {
            spec: backend.spec().clone(),
            state: backend.state(),
            marked: self.marks().of(backend.id(), now()),
            load: backend.load(),
            served: backend.served(),
            offer: backend.offer(),
            deployments: deployments.collect(),
        }
    }

    pub(super) fn view_of_model(&self, model: &Model, readiness: ModelReadiness) -> ModelView {
        let now = self.now();
        let row = now.rows.iter().find(|row| row.name == model.name.as_str());
        ModelView {
            model: model.clone(),
            backends: servers(model, &now.backends),
            readiness,
            written: row.map(|row| (row.created_at, row.updated_at)),
        }
    }
}

/// The servers of a model's deployments, each once.
fn servers(model: &Model, backends: &Backends) -> Vec<BackendSpec> {
    let mut servers: Vec<BackendSpec> = Vec::new();
    for deployment in &model.deployments {
        if servers.iter().all(|known| known.id != deployment.backend) {
            servers.extend(backends.get(&deployment.backend).map(|backend| backend.spec().clone()));
        }
    }
    servers
}

/// The time, which tests can stop.
pub(super) fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
