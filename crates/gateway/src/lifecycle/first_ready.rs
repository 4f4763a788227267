//! Waiting for the first ready state of the model server.

use std::time::Duration;

use tokio::time::{Instant, interval_at, sleep_until};
use transom_core::backend::BackendState;
use transom_process::Supervised;
use transom_upstream::backend::Backend;

/// Shortest spacing of notices.
const NOTICE_FLOOR: Duration = Duration::from_millis(100);

/// What is waited for, and for how long.
pub(super) struct Wait<'a> {
    pub(super) backend: &'a Backend,
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
    /// Returns with the first ready state.
    pub(super) async fn first_ready(&self) -> Result<(), GivenUp> {
        let external = self.child.is_none();
        let started = Instant::now();
        let every = self.notice_every.max(NOTICE_FLOOR);
        let mut notices = interval_at(started + every, every);
        let mut states = self.backend.watch();
        loop {
            let state = states.borrow_and_update().clone();
            match &state {
                BackendState::Ready => return Ok(()),
                BackendState::Misconfigured { reason } if external => {
                    return Err(GivenUp::Refused(reason.to_string()));
                }
                _ => {}
            }
            let reason = state.reason().unwrap_or_default();
            tokio::select! {
                _ = states.changed() => {}
                () = sleep_until(started + self.startup_timeout), if external => {
                    let limit = self.startup_timeout;
                    return Err(GivenUp::Timeout { limit, reason: reason.to_owned() });
                }
                _ = notices.tick(), if external => {
                    let seconds = started.elapsed().as_secs();
                    tracing::info!(seconds, reason, "still waiting for the model server");
                }
            }
        }
    }
}
