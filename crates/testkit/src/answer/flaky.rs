//! Scripts that fail now and then, always in the same order.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Script, script};

impl Script {
    /// Answers every `k`-th request (the `k`-th, the `2k`-th, …) with the failure instead.
    #[must_use]
    pub fn failing_every(self, k: usize, failure: impl Into<Script>) -> Self {
        self.failing_when(failure, move |number| (number + 1).is_multiple_of(k.max(1)))
    }

    /// Answers the first `count` requests with the failure.
    #[must_use]
    pub fn failing_first(self, count: usize, failure: impl Into<Script>) -> Self {
        self.failing_when(failure, move |number| number < count)
    }

    /// Answers this share of the requests (in hundredths) with the failure, in an order that the seed
    /// decides.
    #[must_use]
    pub fn failing_share(self, percent: u64, seed: u64, failure: impl Into<Script>) -> Self {
        let state = AtomicU64::new(seed);
        self.failing_when(failure, move |_number| {
            let step = state.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
            mix(step) % 100 < percent
        })
    }

    fn failing_when(
        self,
        failure: impl Into<Script>,
        fails: impl Fn(usize) -> bool + Send + Sync + 'static,
    ) -> Self {
        let (failure, count) = (failure.into(), AtomicUsize::new(0));
        script(move |request| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            if fails(number) { failure.answer(request) } else { self.answer(request) }
        })
    }
}

/// The step of `SplitMix64`: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
