//! Time and randomness from the system: the only place that takes them from there.

use std::time::UNIX_EPOCH;

use transom_core::clock::{Clock, Timestamp};
use transom_core::id::IdSource;

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others are given")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The system's random number generator.
pub(crate) struct SystemRandom;

impl IdSource for SystemRandom {
    #[expect(clippy::expect_used, reason = "without randomness no id is safe: better no answer")]
    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        u128::from_ne_bytes(bytes)
    }
}

/// A random number from 0 to 1, for delays.
pub(crate) fn jitter() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}
