//! What a turn in the background needs beside the others.

use std::time::Duration;

use tokio::time::Instant;
use transom_core::clock::Clock;
use transom_core::failure::Failure;
use transom_core::port::jobs::{Events, Holder, JobEnd};
use transom_core::port::store::StoreError;
use transom_core::upstream_error::UpstreamError;

use super::here::Entered;

/// Least and longest pause before a model that could not begin is asked again.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The job of a turn that runs here.
pub(crate) struct Job {
    /// Who runs it.
    pub(super) holder: Holder,
    /// How long its events are kept after its end.
    pub(super) kept: Duration,
    /// Until when it waits for a model to begin.
    pub(super) deadline: Instant,
    /// Dropped at the end of the turn.
    pub(super) _entered: Entered,
}

impl Job {
    /// Its end, with the last events.
    pub(crate) fn end(&self, events: Events, clock: &dyn Clock) -> JobEnd {
        let kept_until = clock.now().after(self.kept);
        JobEnd { holder: self.holder.clone(), events, kept_until }
    }

    /// How long to wait before the model is asked again; `None` where waiting does not help, or has
    /// been too long. Nobody holds a connection meanwhile, so there is time.
    pub(crate) fn pause(&self, failure: &Failure) -> Option<Duration> {
        let wanted = match failure {
            Failure::Upstream(UpstreamError::Status { status, .. }) if status.is_client_error() => {
                failure.retry_after()?
            }
            Failure::Upstream(_)
            | Failure::NotReady { .. }
            | Failure::QueueTimeout { .. }
            | Failure::RateLimited { .. }
            | Failure::Misconfigured { .. }
            | Failure::Store(StoreError::Unavailable(_)) => {
                failure.retry_after().unwrap_or(PAUSE.1)
            }
            _ => return None,
        };
        let pause = wanted.clamp(PAUSE.0, PAUSE.1);
        (Instant::now() + pause < self.deadline).then_some(pause)
    }
}

#[cfg(test)]
mod tests;
