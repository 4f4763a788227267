//! The task that writes events.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::jobs::{Events, Holder, JobStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

use super::Entry;
use crate::background::LEASE;
use crate::background::here::Presence;

/// Bytes that are written together at most, but for one piece.
const BATCH: usize = 256 << 10;

/// Least time between two writes.
const PACE: Duration = Duration::from_millis(50);

/// The pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// What the task knows.
pub(super) struct Scribe {
    pub(super) store: Arc<dyn JobStore>,
    pub(super) scope: Scope,
    pub(super) id: ResponseId,
    pub(super) holder: Holder,
    pub(super) presence: Arc<Presence>,
    pub(super) hurry: Arc<Notify>,
    pub(super) lost: CancellationToken,
}

impl Scribe {
    pub(super) async fn run(self, mut entries: mpsc::Receiver<Entry>) {
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
        let mut doubtful = false;
        loop {
            let (id, holder) = (&self.id, &self.holder);
            let append = self.store.append(&self.scope, id, holder, events.clone(), begun.clone());
            match append.await {
                Ok(()) => break,
                Err(StoreError::Unavailable(_)) if Instant::now() < deadline => {
                    doubtful = true;
                    tokio::time::sleep(RETRY).await;
                }
                // The attempt that seemed to fail had reached the disk.
                Err(StoreError::Conflict) if doubtful && self.has_written(end).await => break,
                Err(StoreError::Conflict) => return false,
                Err(error) => {
                    tracing::error!(response.id = %id, %error, "events could not be stored");
                    return false;
                }
            }
        }
        self.presence.wrote(end);
        true
    }

    /// Whether the job goes on, and event number `end` is its next.
    async fn has_written(&self, end: u64) -> bool {
        match self.store.job(&self.scope, &self.id).await {
            Ok(Some(state)) => state.events == end && state.kept_until.is_none(),
            Ok(None) | Err(_) => false,
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
