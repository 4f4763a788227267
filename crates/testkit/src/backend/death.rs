//! Requests that kill the backend that reads them.

use std::convert::Infallible;
use std::time::Duration;

use crate::door::Position;

use super::Request;
use super::serve::Shared;

/// What follows the death of a fake backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comeback {
    /// Nothing, until [`super::FakeBackend::listen`].
    Never,
    /// It listens again after this time.
    After(Duration),
}

/// A request that kills, known by a text in its body.
#[derive(Clone, Debug)]
pub(super) struct Poison {
    pub(super) marker: String,
    pub(super) comeback: Comeback,
}

impl Poison {
    pub(super) fn is_in(&self, request: &Request) -> bool {
        let marker = self.marker.as_bytes();
        request.is_inference() && request.body.windows(marker.len()).any(|part| part == marker)
    }
}

impl Shared {
    /// Dies as a killed process does and comes back as told; it never returns to its caller, whose
    /// connection is reset with all others.
    pub(super) async fn die(&self, comeback: Comeback) -> Infallible {
        self.ledger.update(|ledger| ledger.deaths += 1);
        self.door.put(Position::Shut).await;
        if let Comeback::After(time) = comeback {
            let door = self.door.clone();
            let reopening = async move {
                tokio::time::sleep(time).await;
                door.put(Position::Open).await;
            };
            self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(reopening));
        }
        self.reset_connections();
        std::future::pending().await
    }

    pub(super) fn reset_connections(&self) {
        self.life.update(|life| std::mem::take(life).cancel());
    }
}
