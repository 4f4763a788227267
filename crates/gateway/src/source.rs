//! Time and randomness from the system: the only place that takes them from there.

use std::cell::RefCell;
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

/// The system's random number generator. Each thread fetches many numbers at once: asking the
/// system takes longer than all else that is done with one.
pub(crate) struct SystemRandom;

/// Numbers that a thread fetches at once.
const BATCH: usize = 32;

/// Bytes of a number.
const NUMBER: usize = size_of::<u128>();

/// Numbers that have been fetched and not been given out.
struct Batch {
    bytes: [u8; BATCH * NUMBER],
    left: usize,
}

thread_local! {
    static FETCHED: RefCell<Batch> =
        const { RefCell::new(Batch { bytes: [0; BATCH * NUMBER], left: 0 }) };
}

impl Batch {
    #[expect(clippy::expect_used, reason = "without randomness no id is safe: better no answer")]
    fn next(&mut self) -> u128 {
        if self.left == 0 {
            getrandom::fill(&mut self.bytes).expect("the system gives random bytes");
            self.left = BATCH;
        }
        self.left -= 1;
        let mut number = [0; NUMBER];
        let given = &mut self.bytes[self.left * NUMBER..][..NUMBER];
        // What is given out is not kept.
        number.swap_with_slice(given);
        u128::from_ne_bytes(number)
    }
}

impl IdSource for SystemRandom {
    fn random(&self) -> u128 {
        FETCHED.with_borrow_mut(Batch::next)
    }
}

/// A random number from 0 to 1, for delays.
pub(crate) fn jitter() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_number_is_given_out_twice() {
        let numbers: HashSet<u128> = (0..10 * BATCH).map(|_| SystemRandom.random()).collect();
        assert_eq!(numbers.len(), 10 * BATCH);
        assert!(!numbers.contains(&0));
    }
}
