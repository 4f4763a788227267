//! What an operator may ask to see of a turn: where its time went, and what was sent when it failed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use transom_core::id::ResponseId;

use crate::settings::TurnLog;

/// Most bytes of a body that are logged.
const BODY_LIMIT: usize = 8192;

/// Measures a turn from its beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    started: Instant,
    rehydrate: Duration,
    first_event: Option<Duration>,
    commit: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let (rehydrate, first_event, commit) = (Duration::ZERO, None, None);
        Self { started: Instant::now(), rehydrate, first_event, commit }
    }

    /// The earlier turns have been read.
    pub(crate) fn rehydrated(&mut self) {
        self.rehydrate = self.started.elapsed();
    }
}

/// Keeps what is logged at the end.
pub(super) struct Journal {
    stopwatch: Stopwatch,
    timings: bool,
    /// `None` unless the bodies of failed turns are to be logged.
    sent: Option<Bytes>,
}

impl Journal {
    pub(super) fn open(wanted: TurnLog, stopwatch: Stopwatch, body: &Bytes) -> Self {
        let sent = wanted.model_messages.then(|| body.clone());
        Self { stopwatch, timings: wanted.timings, sent }
    }

    /// Another body was sent than the one that was planned for most servers.
    pub(super) fn sent(&mut self, body: impl FnOnce() -> Bytes) {
        if let Some(sent) = &mut self.sent {
            *sent = body();
        }
    }

    /// Something else is sent.
    pub(super) fn sends(&mut self, body: &Bytes) {
        if let Some(sent) = &mut self.sent {
            *sent = body.clone();
        }
    }

    /// This long after the model server was called it sent its first event.
    pub(super) fn first_event(&mut self, after: Duration) {
        self.stopwatch.first_event = Some(after);
    }

    pub(super) fn committed(&mut self, took: Duration) {
        self.stopwatch.commit = Some(took);
    }

    /// Logs what was sent for a turn that failed.
    pub(super) fn failed(&self, id: &ResponseId) {
        if let Some(body) = &self.sent {
            tracing::warn!(response.id = %id, body = beginning(body), "sent to the model server");
        }
    }

    /// Logs where the time went, in milliseconds; what did not happen is left out.
    pub(super) fn ended(&self, id: &ResponseId) {
        if !self.timings {
            return;
        }
        let watch = &self.stopwatch;
        tracing::info!(
            response.id = %id,
            rehydrate_ms = milliseconds(watch.rehydrate),
            first_event_ms = watch.first_event.map(milliseconds),
            commit_ms = watch.commit.map(milliseconds),
            total_ms = milliseconds(watch.started.elapsed()),
            "timings",
        );
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// As much of the body as is logged, cut between two characters.
fn beginning(body: &[u8]) -> &str {
    let text = std::str::from_utf8(body).unwrap_or("(not UTF-8)");
    &text[..text.floor_char_boundary(BODY_LIMIT)]
}

#[cfg(test)]
mod tests;
