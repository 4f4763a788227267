//! The turns in the background that this process runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use transom_core::id::ResponseId;

/// All of them. There are at most as many as the operator allows.
#[derive(Clone, Default)]
pub(crate) struct Here(Arc<Mutex<HashMap<ResponseId, Arc<Presence>>>>);

/// A turn that runs here, as others see it.
pub(crate) struct Presence {
    /// Ends it.
    pub(crate) cancel: CancellationToken,
    /// Whether somebody else runs it, or it is gone: then its end is not told here.
    taken: AtomicBool,
    /// Whether it is in the store: before, nobody can have taken it away.
    stored: AtomicBool,
    /// How many of its events are in the store. Gone when it has ended.
    written: watch::Sender<u64>,
}

/// Keeps a turn among those that run here. It has ended when this is dropped.
pub(crate) struct Entered {
    all: Here,
    id: ResponseId,
    /// What others see.
    pub(crate) presence: Arc<Presence>,
}

/// Why a turn does not begin here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many run as may.
    Full,
    /// It runs already.
    AlreadyHere,
}

impl Here {
    /// A turn begins, if fewer than `limit` run, and itself does not.
    pub(crate) fn enter(&self, id: &ResponseId, limit: usize) -> Result<Entered, Refusal> {
        let mut all = self.lock();
        if all.contains_key(id) {
            return Err(Refusal::AlreadyHere);
        }
        if all.len() >= limit {
            return Err(Refusal::Full);
        }
        let presence = Arc::new(Presence {
            cancel: CancellationToken::new(),
            taken: AtomicBool::new(false),
            stored: AtomicBool::new(false),
            written: watch::Sender::new(0),
        });
        all.insert(id.clone(), Arc::clone(&presence));
        Ok(Entered { all: self.clone(), id: id.clone(), presence })
    }

    /// A turn, if it runs here.
    pub(crate) fn find(&self, id: &ResponseId) -> Option<Arc<Presence>> {
        self.lock().get(id).cloned()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Those that are in the store.
    pub(super) fn stored(&self) -> Vec<(ResponseId, Arc<Presence>)> {
        let all = self.lock();
        let stored = all.iter().filter(|(_, presence)| presence.stored.load(Ordering::Acquire));
        stored.map(|(id, presence)| (id.clone(), Arc::clone(presence))).collect()
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<ResponseId, Arc<Presence>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// So many of its events are in the store, and so is the turn itself.
    pub(super) fn wrote(&self, events: u64) {
        self.stored.store(true, Ordering::Release);
        self.written.send_replace(events);
    }

    /// Ends it here, because it is somebody else's.
    pub(super) fn take_away(&self) {
        self.taken.store(true, Ordering::Release);
        self.cancel.cancel();
    }

    /// Whether somebody else has it.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Tells of further events, and fails when there will be none.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Waits until the turn has ended.
    pub(super) async fn ended(self: Arc<Self>) {
        let mut events = self.subscribe();
        // Else this itself would keep it from ending.
        drop(self);
        while events.changed().await.is_ok() {}
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests;
