//! How fast a line moves, for those who are sent away.

use std::time::{Duration, Instant};

/// A refused request is not told to come back sooner.
const SHORTEST: Duration = Duration::from_secs(1);

/// A refused request is not told to come back later: nobody knows that far ahead.
const LONGEST: Duration = Duration::from_mins(1);

/// How much one departure moves the smoothed pause between departures.
const SMOOTHING: f64 = 0.2;

/// The smoothed pause between two departures.
#[derive(Debug, Default)]
pub(super) struct Pace {
    left_at: Option<Instant>,
    seconds: Option<f64>,
}

impl Pace {
    /// Somebody has left the line.
    pub(super) fn departed(&mut self, now: Instant) {
        if let Some(before) = self.left_at.replace(now) {
            let pause = now.saturating_duration_since(before).as_secs_f64();
            self.seconds = Some(self.seconds.map_or(pause, |old| old + SMOOTHING * (pause - old)));
        }
    }

    /// Nobody waits any more: the time until somebody does says nothing.
    pub(super) fn pause(&mut self) {
        self.left_at = None;
    }

    /// How long until so many have left.
    #[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
    pub(super) fn estimate(&self, departures: usize) -> Duration {
        let seconds = departures as f64 * self.seconds.unwrap_or_default();
        Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
    }
}
