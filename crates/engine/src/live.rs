//! The configuration that requests see, exchanged as a whole.
//!
//! A new [`Snapshot`] is built and checked aside and then put in the place of the old one, so that
//! no request ever sees half of a change. A request takes the snapshot once; what it has begun it
//! finishes with the one it began with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use transom_core::clock::Timestamp;
use transom_sealing::keyring::Keyring;

use crate::catalog::Catalog;
use crate::settings::Settings;

/// Everything that can change while the program runs.
pub struct Snapshot {
    /// Counts the snapshots of this program, from 1.
    pub revision: u64,
    /// When it took effect.
    pub since: Timestamp,
    /// What the operator decided.
    pub settings: Settings,
    /// The models and where they are served.
    pub catalog: Catalog,
    /// The keys for what clients carry and cannot read.
    pub keyring: Arc<Keyring>,
}

/// The place of the present snapshot.
pub(crate) struct Live(ArcSwap<Snapshot>);

impl Live {
    pub(crate) fn new(first: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(first))
    }

    /// The present snapshot: one atomic read and one counter.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Puts the next one in its place.
    pub(crate) fn swap(&self, next: Snapshot) {
        let before = self.0.swap(Arc::new(next));
        // Who waits for a model looks again: it may have moved.
        before.catalog.wake_everybody();
    }
}
