//! What a deployment was given within the last minute, for limits on requests and on tokens.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The span that limits are about.
pub const MINUTE: Duration = Duration::from_mins(1);
/// What is added within this time is kept as one number.
const GRAIN: Duration = Duration::from_secs(1);

/// A count over the last minute.
///
/// Errs to one side only: an amount counts for up to a second longer than a minute, never
/// shorter. A limit kept with [`Window::until_free`] is therefore never exceeded within any minute,
/// and at worst a sixtieth of it is not used. Holds at most 62 numbers.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// In the order of time, each begun at least [`GRAIN`] after the one before.
    grains: VecDeque<Grain>,
    total: u64,
}

#[derive(Clone, Copy, Debug)]
struct Grain {
    began: Instant,
    amount: u64,
}

impl Grain {
    /// When all of it is older than a minute.
    fn ends(&self) -> Instant {
        self.began + GRAIN + MINUTE
    }
}

impl Window {
    /// Drops what is older than a minute.
    pub fn forget(&mut self, now: Instant) {
        while let Some(old) = self.grains.pop_front_if(|grain| grain.ends() <= now) {
            self.total = self.total.saturating_sub(old.amount);
        }
    }

    /// What it holds, and the moment from which that is no longer what [`Window::used`] says;
    /// `None`: not by itself.
    pub fn held(&self) -> (u64, Option<Instant>) {
        (self.total, self.grains.front().map(Grain::ends))
    }

    /// Counts `amount` at `now`.
    pub fn add(&mut self, amount: u64, now: Instant) {
        self.forget(now);
        self.total = self.total.saturating_add(amount);
        match self.grains.back_mut() {
            Some(last) if now < last.began + GRAIN => {
                last.amount = last.amount.saturating_add(amount);
            }
            _ => self.grains.push_back(Grain { began: now, amount }),
        }
    }

    /// What was counted within the last minute. Takes the time of what has run out since the last
    /// call of [`Window::add`], mostly none.
    pub fn used(&self, now: Instant) -> u64 {
        let gone = self.grains.iter().take_while(|grain| grain.ends() <= now);
        gone.fold(self.total, |used, grain| used.saturating_sub(grain.amount))
    }

    /// How long until `amount` more stays within `limit`; zero: now. What is larger than the whole
    /// limit never fits: the answer is a minute each time.
    pub fn until_free(&self, limit: u64, amount: u64, now: Instant) -> Duration {
        if amount > limit {
            return MINUTE;
        }
        let mut over = self.used(now).saturating_sub(limit - amount);
        let mut free = now;
        for grain in self.grains.iter().skip_while(|grain| grain.ends() <= now) {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(grain.amount);
            free = grain.ends();
        }
        free.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests;
