//! A value behind a lock that tasks and threads can wait on.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::PATIENCE;

/// A value whose changes wake those who wait for a condition on it.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Notify::new() }
    }

    pub(crate) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the value and wakes every waiter.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    /// Waits until `take` finds what it looks for; `what` names it in the failure.
    pub(crate) async fn wait_for<R>(&self, what: &str, take: impl FnMut(&mut T) -> Option<R>) -> R {
        let found = tokio::time::timeout(PATIENCE, self.wait_forever(take)).await;
        found.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
    }

    /// As [`Watched::wait_for`], for tasks of the kit itself, which end by being dropped.
    pub(crate) async fn wait_forever<R>(&self, mut take: impl FnMut(&mut T) -> Option<R>) -> R {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Registered before looking: a change between the look and the await is not lost.
            changed.as_mut().enable();
            let found = take(&mut self.lock());
            if let Some(found) = found {
                return found;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // A failed test thread must not turn every later look into a second panic.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
