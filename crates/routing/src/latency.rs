//! How fast a deployment has begun to answer of late.

use std::time::{Duration, Instant};

/// After this time a measurement weighs half of what it did.
pub const HALF_LIFE: Duration = Duration::from_secs(10);
/// After this much silence nothing is known any more.
pub const FORGOTTEN: Duration = Duration::from_mins(1);

/// A mean of durations in which recent ones weigh more, with a weight that depends on their age and
/// not on how many came after them: a burst of requests forgets nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ewma {
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Seconds, each measurement by its weight.
    sum: f64,
    weight: f64,
    last: Instant,
}

impl Ewma {
    /// Takes in a measurement made at `now`.
    pub fn observe(&mut self, measured: Duration, now: Instant) {
        let (sum, weight, last) = self.seen.map_or((0.0, 0.0, now), |seen| {
            let left = halved(now.saturating_duration_since(seen.last));
            (seen.sum * left, seen.weight * left, seen.last.max(now))
        });
        self.seen = Some(Seen { sum: sum + measured.as_secs_f64(), weight: weight + 1.0, last });
    }

    /// The mean. A value not renewed for [`HALF_LIFE`] halves with every further one, so that a
    /// deployment nobody dares to use looks better and better until it is tried again; `None` when
    /// it was never measured, or not for [`FORGOTTEN`].
    pub fn value(&self, now: Instant) -> Option<Duration> {
        let (mean, last) = self.last()?;
        faded(mean, now.saturating_duration_since(last))
    }

    /// The mean as it was at the last measurement, and when that was.
    pub fn last(&self) -> Option<(Duration, Instant)> {
        let seen = self.seen?;
        let mean = Duration::try_from_secs_f64(seen.sum / seen.weight).unwrap_or(Duration::MAX);
        Some((mean, seen.last))
    }
}

/// What a mean is worth when nothing was measured for `silence`; see [`Ewma::value`].
pub fn faded(mean: Duration, silence: Duration) -> Option<Duration> {
    match silence {
        silence if silence >= FORGOTTEN => None,
        silence if silence <= HALF_LIFE => Some(mean),
        silence => {
            let left = mean.as_secs_f64() * halved(silence.saturating_sub(HALF_LIFE));
            Some(Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX))
        }
    }
}

/// What is left of 1 after `age`.
fn halved(age: Duration) -> f64 {
    (-age.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2()
}

#[cfg(test)]
mod tests;
