//! Whether requests can be served: for load balancers, operators and the metrics page.

use std::sync::Arc;

use transom_core::backend::{BackendId, BackendState};
use transom_core::model::{DeploymentId, Model};

use crate::catalog::Group;
use crate::gateway::Gateway;
use crate::metrics::fleet::{DeploymentLabel, ModelLabel, StateLabel};

/// What `/readyz` shows.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// Every model, in the order of the configuration.
    pub models: Vec<ModelReadiness>,
    /// Whether the store can be read.
    pub store: bool,
    /// The number of the configuration in effect.
    pub revision: u64,
}

/// How one model stands.
#[derive(Debug, Clone)]
pub struct ModelReadiness {
    /// Its name.
    pub model: Arc<str>,
    /// The best state among its deployments.
    pub state: BackendState,
    /// Each of its deployments.
    pub deployments: Vec<DeploymentReadiness>,
}

/// How one deployment stands.
#[derive(Debug, Clone)]
pub struct DeploymentReadiness {
    /// Its id.
    pub id: DeploymentId,
    /// Its server.
    pub backend: BackendId,
    /// Its state: that of its server, and whether the server knows its name.
    pub state: BackendState,
    /// Its breaker: `closed`, `open` or `half_open`.
    pub breaker: &'static str,
    /// Whether it is out because it fails more than its neighbours.
    pub ejected: bool,
    /// Requests in flight there.
    pub in_flight: u32,
}

impl Readiness {
    /// Whether any model can be asked.
    pub fn is_ready(&self) -> bool {
        self.store && self.models.iter().any(|model| model.state.takes_requests())
    }
}

impl Gateway {
    /// Whether requests can be served now.
    pub async fn readiness(&self) -> Readiness {
        let (models, revision) = (self.models_readiness(), self.live.snapshot().revision);
        Readiness { models, store: self.store.probe().await.is_ok(), revision }
    }

    /// How every model is served, in the order of the configuration.
    pub fn models_readiness(&self) -> Vec<ModelReadiness> {
        self.live.snapshot().catalog.groups.iter().map(|group| of(group)).collect()
    }

    /// Every model as it is in effect, and how it is served.
    pub fn models_in_effect(&self) -> Vec<(Model, ModelReadiness)> {
        let live = self.live.snapshot();
        live.catalog.groups.iter().map(|group| (group.model.clone(), of(group))).collect()
    }

    /// How the model that `name` stands for is served; `None` when there is none.
    pub fn model_readiness(&self, name: &str) -> Option<ModelReadiness> {
        self.live.snapshot().catalog.find(name).map(|found| of(&found.group))
    }

    /// Sets the gauges that show the present moment.
    pub fn refresh_gauges(&self) {
        let live = self.live.snapshot();
        let fleet = &self.metrics.fleet;
        fleet.clear_gauges();
        for group in &live.catalog.groups {
            let label = ModelLabel { model: group.model.name.shared() };
            let waiting = i64::try_from(group.memory.lines.len()).unwrap_or(i64::MAX);
            fleet.queue_length.get_or_create(&label).set(waiting);
            for seen in of(group).deployments {
                let deployment = Arc::clone(&seen.id.0);
                for state in BackendState::WORDS {
                    let label = StateLabel { deployment: Arc::clone(&deployment), state };
                    let is = i64::from(state == seen.state.word());
                    fleet.states.get_or_create(&label).set(is);
                }
                let label = DeploymentLabel { deployment };
                fleet.in_flight.get_or_create(&label).set(i64::from(seen.in_flight));
            }
        }
        self.metrics.background.set(i64::try_from(self.here.count()).unwrap_or(i64::MAX));
        fleet.revision.set(i64::try_from(live.revision).unwrap_or(i64::MAX));
    }
}

fn of(group: &Group) -> ModelReadiness {
    let now = tokio::time::Instant::now().into_std();
    let deployments: Vec<_> = group
        .targets
        .iter()
        .map(|target| DeploymentReadiness {
            id: target.deployment.id.clone(),
            backend: target.deployment.backend.clone(),
            state: target.state(),
            breaker: target.track.breaker_word(now),
            ejected: group.is_ejected(&target.deployment.id, now),
            in_flight: target.track.in_flight(),
        })
        .collect();
    let best = deployments.iter().map(|seen| &seen.state).min_by_key(|state| state.rank());
    let state = best.cloned().unwrap_or(BackendState::Unreachable { reason: "none".into() });
    ModelReadiness { model: group.model.name.shared(), state, deployments }
}

#[cfg(test)]
mod tests;
