//! Time and randomness that are the same in every run.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use transom_core::clock::{Clock, Timestamp};
use transom_core::id::IdSource;

/// It is always noon, unless a test has let time go by.
#[derive(Default)]
pub(super) struct Noon {
    /// Milliseconds since noon.
    pub(super) since: AtomicI64,
}

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000 + self.since.load(Ordering::Relaxed))
    }
}

/// Numbers that are spread evenly.
#[derive(Default)]
pub(crate) struct Spread(AtomicU64);

impl IdSource for Spread {
    fn random(&self) -> u128 {
        /// The golden ratio of the range, which makes neighbours lie far apart.
        const GOLDEN: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1).wrapping_mul(GOLDEN)
    }
}
