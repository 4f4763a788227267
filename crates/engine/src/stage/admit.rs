//! A place among the requests in flight.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use transom_core::failure::Failure;

use crate::gateway::Gateway;

/// When a refused client should come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A place in flight. It is given back when dropped, whatever happened to the request.
pub(crate) struct Ticket {
    _slot: OwnedSemaphorePermit,
}

impl Gateway {
    /// Takes a place, or refuses at once: a request that waits for a place would hold memory and
    /// still come too late.
    pub(crate) fn admit(&self) -> Result<Ticket, Failure> {
        Arc::clone(&self.slots)
            .try_acquire_owned()
            .map(|slot| Ticket { _slot: slot })
            .map_err(|_| Failure::Overloaded { retry_after: RETRY_AFTER })
    }
}
