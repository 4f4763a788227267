//! What is told of a server without a lock.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use transom_core::backend::Standing;

use super::load::LoadCell;

/// Its standing, how many lists of models it has given, and its load: in a line of the processor's
/// cache that holds nothing else.
#[repr(align(64))]
pub(super) struct GlanceCell {
    standing: AtomicU8,
    lists: AtomicU32,
    pub(super) load: LoadCell,
}

impl GlanceCell {
    pub(super) fn new(standing: Standing) -> Self {
        let (standing, lists) = (AtomicU8::new(standing as u8), AtomicU32::new(0));
        Self { standing, lists, load: LoadCell::default() }
    }

    pub(super) fn stands(&self, standing: Standing) {
        self.standing.store(standing as u8, Ordering::Release);
    }

    /// There is another list; who sees this sees the list.
    pub(super) fn listed(&self) {
        self.lists.fetch_add(1, Ordering::Release);
    }

    pub(super) fn standing(&self) -> Standing {
        const OF: [Standing; 8] = of_byte();
        // Only what is in the list is ever stored; the mask spares looking whether it is.
        OF[usize::from(self.standing.load(Ordering::Acquire)) % OF.len()]
    }

    pub(super) fn lists(&self) -> u32 {
        self.lists.load(Ordering::Acquire)
    }
}

/// Every standing at the place of its number, and one behind them for numbers that mean nothing.
const fn of_byte() -> [Standing; 8] {
    let mut all = [Standing::Unreachable; 8];
    let mut at = 0;
    while at < Standing::ALL.len() {
        all[at] = Standing::ALL[at];
        at += 1;
    }
    all
}
