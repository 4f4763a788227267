//! When a program that ended is started again.

use std::time::Duration;

/// Whether a program that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Its end is the end of the supervision.
    Never,
    /// Once it has been ready for the first time it is restarted, however it ends.
    OnFailure(Backoff),
}

/// Delays that double from `first` to `ceiling`, each multiplied by a random number from 0 to 1
/// ("full jitter"), so that many supervisors do not restart in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest delay after the first failure.
    pub first: Duration,
    /// Longest delay of all.
    pub ceiling: Duration,
    /// A program that was ready for this long has its earlier failures forgotten.
    pub stable: Duration,
}

impl Default for Backoff {
    /// 1 s to 60 s, forgotten after 60 s of service.
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self { first: Duration::from_secs(1), ceiling: minute, stable: minute }
    }
}

/// Failures in a row, and the delay each of them costs.
#[derive(Debug)]
pub(crate) struct Schedule {
    backoff: Backoff,
    failures: u32,
}

impl Schedule {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { backoff, failures: 0 }
    }

    /// The attempt that runs or comes next, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// Notes a failure after `ready_for` of service (zero: never ready) and gives the delay.
    ///
    /// `random` is from 0 to 1; anything else gives the longest delay.
    pub(crate) fn after_failure(&mut self, ready_for: Duration, random: f64) -> Duration {
        if !ready_for.is_zero() && ready_for >= self.backoff.stable {
            self.failures = 0;
        }
        let doubled = 2_u32.saturating_pow(self.failures);
        let longest = self.backoff.ceiling.min(self.backoff.first.saturating_mul(doubled));
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(if (0.0..1.0).contains(&random) { random } else { 1.0 })
    }
}

#[cfg(test)]
mod tests;
