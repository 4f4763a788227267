//! Events on their way into the store.
//!
//! A task of its own writes them, so that the model server is read on while the disk works. What
//! arrives meanwhile is written together; between two writes is a pause, so that a fast model makes
//! a few rows per second and not one for each token. The first events of an answer do not wait.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::jobs::{Events, Holder, JobStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

use super::LEASE;
use super::here::Presence;
use crate::gateway::Gateway;

/// Pieces that wait for the store; then the model server waits too. A piece is little more than
/// [`crate::stage::turn::PIECE`].
const WAITING: usize = 64;

/// Bytes that are written together at most, but for one piece.
const BATCH: usize = 256 << 10;

/// Least time between two writes.
const PACE: Duration = Duration::from_millis(50);

/// The pause before a write that failed is tried again.
pub(crate) const RETRY: Duration = Duration::from_millis(250);

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

/// What the task knows.
struct Scribe {
    store: Arc<dyn JobStore>,
    scope: Scope,
    id: ResponseId,
    holder: Holder,
    presence: Arc<Presence>,
    hurry: Arc<Notify>,
    lost: CancellationToken,
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

    /// Hands over the events up to number `end`.
    pub(crate) async fn send(&mut self, frames: Bytes, end: u64) -> Result<(), Over> {
        let events = self.last(frames, end);
        self.next = end;
        let entry = Entry::Events(events, self.begun.take());
        tokio::select! {
            biased;
            () = self.gone() => Err(Over),
            sent = self.queue.send(entry) => sent.map_err(|_| Over),
        }
    }

    /// Waits until everything handed over has been written; `false` when it cannot be.
    pub(crate) async fn settle(&self) -> bool {
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

impl Scribe {
    async fn run(self, mut entries: mpsc::Receiver<Entry>) {
        let mut kept = None;
        loop {
            let next = match kept.take() {
                Some(entry) => entry,
                None => match entries.recv().await {
                    Some(entry) => entry,
                    None => return,
                },
            };
            let earliest = Instant::now() + PACE;
            match next {
                Entry::Settle(answer) => drop(answer.send(())),
                Entry::Events(events, begun) => {
                    let (together, rest) = gather(events, begun, &mut entries);
                    kept = rest;
                    if !self.write(together).await {
                        self.lost.cancel();
                        return;
                    }
                    self.pause(earliest).await;
                }
            }
        }
    }

    async fn pause(&self, until: Instant) {
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = self.hurry.notified() => {}
        }
    }

    /// `false`: it cannot be written any more. A store that is not there is waited for as long as
    /// others believe in this process.
    async fn write(&self, (events, begun): (Events, Option<Json>)) -> bool {
        let end = events.first + events.count;
        let deadline = Instant::now() + LEASE;
        loop {
            let (id, holder) = (&self.id, &self.holder);
            let append = self.store.append(&self.scope, id, holder, events.clone(), begun.clone());
            match append.await {
                Ok(()) => {
                    self.presence.wrote(end);
                    return true;
                }
                Err(StoreError::Unavailable(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(RETRY).await;
                }
                Err(StoreError::Conflict) => return false,
                Err(error) => {
                    tracing::error!(response.id = %id, %error, "events could not be stored");
                    return false;
                }
            }
        }
    }
}

/// Puts together what waits; an entry that does not fit comes back.
fn gather(
    first: Events,
    mut begun: Option<Json>,
    entries: &mut mpsc::Receiver<Entry>,
) -> ((Events, Option<Json>), Option<Entry>) {
    let Events { first, mut count, frames } = first;
    let mut together = BytesMut::from(frames);
    while together.len() < BATCH {
        match entries.try_recv() {
            Ok(Entry::Events(events, object)) => {
                count += events.count;
                together.extend_from_slice(&events.frames);
                begun = begun.or(object);
            }
            Ok(entry @ Entry::Settle(_)) => {
                return ((Events { first, count, frames: together.freeze() }, begun), Some(entry));
            }
            Err(_) => break,
        }
    }
    ((Events { first, count, frames: together.freeze() }, begun), None)
}
