//! Waiting until a model can be asked for the first time.

use std::time::Duration;

use tokio::time::{Instant, interval, interval_at};
use transom_core::backend::BackendState;
use transom_core::port::upstream::Upstream;
use transom_engine::gateway::Gateway;
use transom_process::Supervised;
use transom_upstream::backend::Backend;

/// Shortest spacing of notices.
const NOTICE_FLOOR: Duration = Duration::from_millis(100);

/// How often it is looked whether a model is ready.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is waited for, and for how long.
pub(super) struct Wait<'a> {
    pub(super) gateway: &'a Gateway,
    /// The one model server of a gateway without a list of models. Without it the program has
    /// nothing to do, so it is given up after a while; the servers of a list may come and go.
    pub(super) sole: Option<&'a Backend>,
    /// `None`: someone else runs the server. A child's supervisor sees to timeouts, refusals and
    /// notices itself.
    pub(super) child: Option<&'a Supervised>,
    pub(super) startup_timeout: Duration,
    pub(super) notice_every: Duration,
}

/// Why a server that someone else runs is given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum GivenUp {
    #[error("{0}")]
    Refused(String),
    #[error("the model server was not ready within {} s: {reason}", .limit.as_secs_f64())]
    Timeout { limit: Duration, reason: String },
}

impl Wait<'_> {
    /// Returns when the first model is ready.
    pub(super) async fn first_ready(&self) -> Result<(), GivenUp> {
        let started = Instant::now();
        let limit = self.sole.filter(|_| self.child.is_none()).map(|_| self.startup_timeout);
        let every = self.notice_every.max(NOTICE_FLOOR);
        let mut notices = interval_at(started + every, every);
        let mut looks = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = notices.tick(), if self.child.is_none() => self.notice(started),
            }
            if self.gateway.models_readiness().iter().any(|model| model.state.takes_requests()) {
                return Ok(());
            }
            let state = self.sole.filter(|_| self.child.is_none()).map(Upstream::state);
            if let Some(BackendState::Misconfigured { reason }) = &state {
                return Err(GivenUp::Refused(reason.to_string()));
            }
            if let Some(limit) = limit.filter(|limit| started.elapsed() >= *limit) {
                let reason = state.as_ref().and_then(BackendState::reason).unwrap_or_default();
                return Err(GivenUp::Timeout { limit, reason: reason.to_owned() });
            }
        }
    }

    /// Says what is still waited for: every model that cannot be asked, with its reason.
    fn notice(&self, started: Instant) {
        let seconds = started.elapsed().as_secs();
        for model in self.gateway.models_readiness() {
            let reason = model.state.reason().unwrap_or_default();
            let model = &*model.model;
            tracing::info!(seconds, model, reason, "still waiting for the model server");
        }
    }
}
