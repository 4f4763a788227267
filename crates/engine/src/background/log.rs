//! Events on their way into the store.
//!
//! A task of its own writes them, so that the model server is read on while the disk works. What
//! arrives meanwhile is written together; between two writes is a pause, so that a fast model makes
//! a few rows per second and not one for each token. The first events of an answer do not wait.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::jobs::Events;
use transom_core::scope::Scope;

use super::here::Presence;
use crate::gateway::Gateway;
use scribe::Scribe;

mod scribe;

/// Pieces that wait for the store; then the model server waits too. A piece is little more than
/// [`crate::stage::turn::PIECE`].
const WAITING: usize = 64;

/// Where a turn's events go.
pub(crate) struct EventLog {
    queue: mpsc::Sender<Entry>,
    /// Ends a pause.
    hurry: Arc<Notify>,
    presence: Arc<Presence>,
    /// Nothing can be written any more: somebody else runs the turn, or the store is gone.
    lost: CancellationToken,
    /// The number of the next event.
    next: u64,
    /// The object of a turn whose model has begun, until it goes out.
    begun: Option<Json>,
    has_begun: bool,
}

enum Entry {
    Events(Events, Option<Json>),
    /// Everything before it has been written when this is answered.
    Settle(oneshot::Sender<()>),
}

/// Nothing can be written any more, or the turn is to end.
#[derive(Debug)]
pub(crate) struct Over;

impl EventLog {
    /// The log of a turn of which `next` events are in the store.
    pub(super) fn open(
        gateway: &Gateway,
        (scope, id): (&Scope, &ResponseId),
        presence: &Arc<Presence>,
        next: u64,
    ) -> Self {
        let (queue, entries) = mpsc::channel(WAITING);
        let (hurry, lost) = (Arc::new(Notify::new()), CancellationToken::new());
        let scribe = Scribe {
            store: Arc::clone(&gateway.jobs),
            scope: scope.clone(),
            id: id.clone(),
            holder: gateway.holder.clone(),
            presence: Arc::clone(presence),
            hurry: Arc::clone(&hurry),
            lost: lost.clone(),
        };
        gateway.tracker.spawn(scribe.run(entries));
        let presence = Arc::clone(presence);
        Self { queue, hurry, presence, lost, next, begun: None, has_begun: false }
    }

    /// Whether a model has begun to answer.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// A model has begun to answer: `object` becomes the response with the next events.
    pub(crate) fn begin(&mut self, object: Json) {
        self.begun = Some(object);
        self.has_begun = true;
    }

    /// Hands over the events up to number `end`. They are taken as a whole, or [`EventLog::next`] stays
    /// what it was: also when this future is dropped.
    pub(crate) async fn send(&mut self, frames: Bytes, end: u64) -> Result<(), Over> {
        let place = tokio::select! {
            biased;
            () = self.gone() => return Err(Over),
            place = self.queue.reserve() => place.map_err(|_| Over)?,
        };
        let events = self.last(frames, end);
        place.send(Entry::Events(events, self.begun.take()));
        self.next = end;
        Ok(())
    }

    /// The number of the next event: those before it have been handed over.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Waits until everything handed over has been written; `false` when it cannot be.
    pub(crate) async fn settle(&self) -> bool {
        if self.presence.is_taken() {
            return false;
        }
        let (answer, settled) = oneshot::channel();
        self.hurry.notify_one();
        // The task leaves it unanswered when nothing can be written any more.
        self.queue.send(Entry::Settle(answer)).await.is_ok() && settled.await.is_ok()
    }

    /// The events up to number `end`, which go into the store with the record.
    pub(crate) fn last(&self, frames: Bytes, end: u64) -> Events {
        Events { first: self.next, count: end.saturating_sub(self.next), frames }
    }

    /// Waits until the turn is to end.
    pub(crate) async fn gone(&self) {
        tokio::select! {
            () = self.presence.cancel.cancelled() => {}
            () = self.lost.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests;
