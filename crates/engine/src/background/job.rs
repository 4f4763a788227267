//! What a turn in the background needs beside the others.

use std::time::Duration;

use tokio::time::Instant;
use transom_core::clock::Clock;
use transom_core::failure::Failure;
use transom_core::port::jobs::{Events, Holder, JobEnd};
use transom_core::port::store::StoreError;
use transom_core::upstream_error::{Symptom, UpstreamError};

use super::here::Entered;

/// Least and longest pause before a model that could not begin is asked again. It doubles each time.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How often a model is asked whose server fails in a way that is likely to be the request's doing.
const BROKEN: u32 = 3;

/// The job of a turn that runs here.
pub(crate) struct Job {
    /// Who runs it.
    pub(super) holder: Holder,
    /// How long its events are kept after its end.
    pub(super) kept: Duration,
    /// Until when it waits for a model to begin.
    pub(super) deadline: Instant,
    /// What it has asked for in vain.
    pub(super) asked: Asked,
    /// Dropped at the end of the turn.
    pub(super) entered: Entered,
}

/// How often a model was asked in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// In all.
    times: u32,
    /// Those that failed as the same request may fail again.
    broken: u32,
}

/// A pause before a model is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// How long.
    pub(crate) length: Duration,
    /// Whether it is the first one: a turn that waits for an hour says so once.
    pub(crate) first: bool,
}

impl Job {
    /// Its end, with the last events.
    pub(crate) fn end(&self, events: Events, clock: &dyn Clock) -> JobEnd {
        let kept_until = clock.now().after(self.kept);
        JobEnd { holder: self.holder.clone(), events, kept_until }
    }

    /// How long to wait before the model is asked again; `None` where waiting does not help, or has
    /// been too long. Nobody holds a connection meanwhile, so there is time. `random` keeps the many
    /// that have failed together from asking together.
    pub(crate) fn pause(&mut self, failure: &Failure, random: u64) -> Option<Pause> {
        match Remedy::of(failure) {
            Remedy::Time => {}
            Remedy::Luck if self.asked.broken + 1 < BROKEN => self.asked.broken += 1,
            Remedy::Luck | Remedy::None => return None,
        }
        let doubled = PAUSE.0 * 1_u32.checked_shl(self.asked.times).unwrap_or(u32::MAX).min(64);
        let wanted = failure.retry_after().unwrap_or_default().max(doubled).min(PAUSE.1);
        // Up to a quarter more.
        let more = wanted / 4 * u32::try_from(random % 101).unwrap_or_default() / 100;
        let length = wanted + more;
        let first = self.asked.times == 0;
        self.asked.times = self.asked.times.saturating_add(1);
        (Instant::now() + length < self.deadline).then_some(Pause { length, first })
    }

    /// Somebody else has it: it is not to be ended here.
    pub(crate) fn is_taken(&self) -> bool {
        self.entered.presence.is_taken()
    }
}

/// What helps against a failure.
enum Remedy {
    /// It passes.
    Time,
    /// It may pass, and it may be the request's doing.
    Luck,
    /// Nothing.
    None,
}

impl Remedy {
    fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Upstream(error) => Self::of_server(failure, error),
            Failure::NotReady { .. }
            | Failure::QueueTimeout { .. }
            | Failure::RateLimited { .. }
            | Failure::Misconfigured { .. }
            | Failure::Store(StoreError::Unavailable(_)) => Self::Time,
            _ => Self::None,
        }
    }

    fn of_server(failure: &Failure, error: &UpstreamError) -> Self {
        let of_load = matches!(error.symptom(), Some(Symptom::Loading | Symptom::Overloaded));
        match error {
            UpstreamError::Connect { .. } | UpstreamError::ConnectTimeout { .. } => Self::Time,
            _ if of_load => Self::Time,
            UpstreamError::Status { status, .. } if matches!(status.as_u16(), 429 | 502..=504) => {
                Self::Time
            }
            UpstreamError::Status { status, .. } if status.is_client_error() => {
                failure.retry_after().map_or(Self::None, |_| Self::Luck)
            }
            _ => Self::Luck,
        }
    }
}

#[cfg(test)]
mod tests;
