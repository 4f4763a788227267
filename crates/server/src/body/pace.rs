//! How slowly a body may come.

use std::time::Duration;

use tokio::time::Instant;
use transom_core::failure::Failure;

/// A body slower than this many bytes a second is given up, once it has had the time of one pause.
const SLOWEST_RATE: u64 = 1024;

/// Holds a body to its longest pause and its slowest rate.
pub(super) struct Pace {
    idle: Duration,
    started: Instant,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(idle: Duration) -> Self {
        Self { idle, started: Instant::now(), bytes: 0 }
    }

    /// Waits for the next piece, for one pause at most.
    pub(super) async fn wait<F: Future>(&self, next: F) -> Result<F::Output, Failure> {
        tokio::time::timeout(self.idle, next).await.map_err(|_| Failure::BodyTimeout)
    }

    /// Takes note of a piece.
    pub(super) fn arrived(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes as u64;
        let due = self.started.elapsed().saturating_sub(self.idle).as_secs() * SLOWEST_RATE;
        if self.bytes < due { Err(Failure::BodyTimeout) } else { Ok(()) }
    }
}
