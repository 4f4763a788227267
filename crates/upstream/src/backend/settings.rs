//! What all servers of a gateway share.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dns::{Resolve, System};
use crate::explain::Surroundings;
use crate::probe::RELIST_INTERVAL;

/// What to build servers with.
#[derive(Clone)]
pub struct Settings {
    /// For how long after a start, a change or its last answer a server that cannot be reached is
    /// taken for one that is loading.
    pub startup_grace: Duration,
    /// How often a passive server is asked for its list of models.
    pub relist: Duration,
    /// What the gateway runs in, for the explanations.
    pub surroundings: Surroundings,
    /// Who finds addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Owns the probes.
    pub tracker: TaskTracker,
    /// Ends all probes.
    pub cancel: CancellationToken,
}

impl Settings {
    /// Settings for a gateway on a machine, with the system's resolver.
    pub fn new(startup_grace: Duration, tracker: TaskTracker, cancel: CancellationToken) -> Self {
        let surroundings = Surroundings::default();
        let (relist, resolver) = (RELIST_INTERVAL, Arc::new(System));
        Self { startup_grace, relist, surroundings, resolver, tracker, cancel }
    }
}
