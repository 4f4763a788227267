//! Successes and failures of one deployment within the window.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::WINDOW;

/// Results within this time are kept as one pair of numbers.
const GRAIN: Duration = Duration::from_secs(5);

/// Successes and failures of late. Holds at most seven pairs of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    /// In the order of time, each begun at least [`GRAIN`] after the one before.
    grains: VecDeque<(Instant, Count)>,
}

/// Successes and failures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    good: u32,
    bad: u32,
}

impl Outcomes {
    pub(super) fn add(&mut self, ok: bool, now: Instant) {
        while self.grains.pop_front_if(|(began, _)| *began + WINDOW <= now).is_some() {}
        if self.grains.back().is_none_or(|(began, _)| *began + GRAIN <= now) {
            self.grains.push_back((now, Count::default()));
        }
        if let Some((_, count)) = self.grains.back_mut() {
            let number = if ok { &mut count.good } else { &mut count.bad };
            *number = number.saturating_add(1);
        }
    }

    /// The results of the last [`WINDOW`].
    pub(super) fn count(&self, now: Instant) -> Count {
        let recent = self.grains.iter().filter(|(began, _)| now < *began + WINDOW);
        recent.fold(Count::default(), |sum, (_, count)| Count {
            good: sum.good.saturating_add(count.good),
            bad: sum.bad.saturating_add(count.bad),
        })
    }
}

impl Count {
    pub(super) fn total(self) -> u32 {
        self.good.saturating_add(self.bad)
    }

    /// The share of failures; 0 without results.
    pub(super) fn share(self) -> f64 {
        f64::from(self.bad) / f64::from(self.total().max(1))
    }
}
