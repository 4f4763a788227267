//! What the deployments of a model share, and what outlives a snapshot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use transom_core::fleet::Routing;
use transom_core::model::{DeploymentId, Model, Strategy};
use transom_routing::ejection::{self, Ejection};
use transom_routing::pick::{Pick, picker};
use transom_routing::retry::RetryBudget;

use super::line::Lines;
use super::{Group, Target};

/// What the deployments of a model share, and what outlives a snapshot.
#[derive(Clone)]
pub(crate) struct Memory {
    strategy: Strategy,
    pub(super) picker: Arc<dyn Pick>,
    ejection: Arc<Mutex<Ejection>>,
    /// Retries that the model still may cost.
    pub(crate) retries: Arc<RetryBudget>,
    /// Who waits for it.
    pub(crate) lines: Arc<Lines>,
}

impl Memory {
    /// The memory of a model in a new snapshot: that of the model of this name in the one before,
    /// without the deployments that are gone or have moved.
    pub(super) fn carry(
        before: Option<&Group>,
        model: &Model,
        routing: &Routing,
        targets: &[Arc<Target>],
    ) -> Self {
        let strategy = model.strategy.unwrap_or(routing.strategy);
        let settings =
            ejection::Settings { ratio: routing.ejection_ratio, floor: routing.ejection_floor };
        let memory = match before {
            Some(before) => before.memory.with_strategy(strategy),
            None => Self {
                strategy,
                picker: Arc::from(picker(strategy)),
                ejection: Arc::new(Mutex::new(Ejection::new(settings))),
                retries: Arc::new(RetryBudget::new(routing.retry_budget)),
                lines: Arc::new(Lines::new(routing.queue_length)),
            },
        };
        memory.retries.configure(routing.retry_budget);
        memory.lines.configure(routing.queue_length);
        let stays = |id: &DeploymentId| {
            let target = targets.iter().find(|target| target.deployment.id == *id);
            let old = before.and_then(|before| before.target(id));
            target.zip(old).is_some_and(|(new, old)| Arc::ptr_eq(&new.track, &old.track))
        };
        memory.picker.retain(&stays);
        let mut ejection = memory.ejection();
        ejection.configure(settings);
        ejection.retain(&stays);
        drop(ejection);
        for target in targets {
            target.track.wait_in(&memory.lines);
        }
        memory
    }

    fn with_strategy(&self, strategy: Strategy) -> Self {
        let same = strategy == self.strategy;
        let picker = if same { Arc::clone(&self.picker) } else { Arc::from(picker(strategy)) };
        Self { strategy, picker, ..self.clone() }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    pub(super) fn ejection(&self) -> MutexGuard<'_, Ejection> {
        self.ejection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
