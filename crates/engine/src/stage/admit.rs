//! A place among the requests in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use transom_core::failure::Failure;

use crate::gateway::Gateway;
use crate::live::Snapshot;

/// When a refused client should come back.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A place in flight. It is given back when dropped, whatever happened to the request.
pub(crate) struct Ticket(Arc<AtomicUsize>);

impl Gateway {
    /// Takes a place, or refuses at once: a request that waits for a place would hold memory and
    /// still come too late.
    pub(crate) fn admit(&self, live: &Snapshot) -> Result<Ticket, Failure> {
        let limit = live.settings.max_concurrency;
        let taken = self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |in_flight| {
            (in_flight < limit).then_some(in_flight + 1)
        });
        match taken {
            Ok(_) => Ok(Ticket(Arc::clone(&self.in_flight))),
            Err(_) => Err(Failure::Overloaded { retry_after: RETRY_AFTER }),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
