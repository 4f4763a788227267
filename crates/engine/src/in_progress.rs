//! The turns that run on this gateway: they have an id that clients know, and no record yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use transom_core::id::ResponseId;
use transom_core::scope::Scope;

/// Turns that run, with their owners. There are at most as many as requests in flight.
#[derive(Clone, Default)]
pub(crate) struct InProgress(Arc<Mutex<HashMap<ResponseId, Scope>>>);

/// Keeps a turn among those that run.
pub(crate) struct Entered {
    all: InProgress,
    id: ResponseId,
}

impl InProgress {
    /// A turn begins; it has ended when the result is dropped.
    pub(crate) fn enter(&self, scope: &Scope, id: &ResponseId) -> Entered {
        self.lock().insert(id.clone(), scope.clone());
        Entered { all: self.clone(), id: id.clone() }
    }

    /// Whether a turn of this owner runs.
    pub(crate) fn has(&self, scope: &Scope, id: &ResponseId) -> bool {
        let all = self.lock();
        all.get(id).is_some_and(|owner| owner.org == scope.org && owner.team == scope.team)
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<ResponseId, Scope>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}
