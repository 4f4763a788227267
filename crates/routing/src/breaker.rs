//! The breaker of one deployment: failures in a row take it out, single trials bring it back.
//!
//! Closed → open after [`Settings::failures`] in a row → half open when the cooldown is over: one
//! trial at a time → closed when it succeeds, open for twice as long when it fails. Beside that a
//! deployment that answered 429 can be held for a while; that is no failure.

use std::time::{Duration, Instant};

/// Cooldowns double up to this, or stay what the operator set when that is longer.
pub const LONGEST_COOLDOWN: Duration = Duration::from_mins(1);
/// A trial that nobody settled for this long is given up, and the next may go.
pub const TRIAL_LIMIT: Duration = Duration::from_mins(1);

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Failures in a row that open it; 0: it never opens.
    pub failures: u32,
    /// How long it is open the first time.
    pub cooldown: Duration,
}

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    /// Requests.
    Yes,
    /// One request, to see; [`Breaker::begin_trial`] says that it goes.
    Trial,
    /// Nothing.
    No {
        /// The moment from which a trial, or a request, may be let through.
        until: Instant,
    },
}

/// The breaker of one deployment. What happens to it is told by whoever sends requests.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: Settings,
    state: State,
    held: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    /// Half open from `until` on.
    Open {
        until: Instant,
        cooldown: Duration,
    },
    /// Half open, and a trial is out.
    Trial {
        since: Instant,
        cooldown: Duration,
    },
}

impl Breaker {
    /// A closed one.
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: State::Closed { failures: 0 }, held: None }
    }

    /// Changes the settings and keeps what is known; without failures to count it closes.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
        if settings.failures == 0 {
            self.state = State::Closed { failures: 0 };
        }
    }

    /// What may be sent at `now`.
    pub fn admits(&self, now: Instant) -> Admits {
        let (then, from) = match self.state {
            State::Closed { .. } => (Admits::Yes, now),
            State::Open { until, .. } => (Admits::Trial, until),
            State::Trial { since, .. } => (Admits::Trial, since + TRIAL_LIMIT),
        };
        let until = self.held.map_or(from, |held| from.max(held));
        if now < until { Admits::No { until } } else { then }
    }

    /// From when on [`Breaker::admits`] says [`Admits::Yes`] unless something happens before;
    /// `always` where that is so already, `None` where it does not come by itself.
    pub fn regular_from(&self, always: Instant) -> Option<Instant> {
        match self.state {
            State::Closed { .. } => Some(self.held.unwrap_or(always)),
            State::Open { .. } | State::Trial { .. } => None,
        }
    }

    /// The trial that [`Breaker::admits`] allowed goes out. Until it is settled by
    /// [`Breaker::succeeded`], [`Breaker::failed`], [`Breaker::hold`] or [`Breaker::abandon_trial`],
    /// or for [`TRIAL_LIMIT`], nothing else does. Changes nothing when no trial is allowed.
    pub fn begin_trial(&mut self, now: Instant) {
        if self.admits(now) != Admits::Trial {
            return;
        }
        if let State::Open { cooldown, .. } | State::Trial { cooldown, .. } = self.state {
            self.state = State::Trial { since: now, cooldown };
        }
    }

    /// The trial came to nothing: it was cancelled, or not sent after all. Another may go at once.
    pub fn abandon_trial(&mut self) {
        if let State::Trial { since, cooldown } = self.state {
            self.state = State::Open { until: since, cooldown };
        }
    }

    /// A request was answered. Closes it, except before the cooldown is over: that answer belongs
    /// to a request from before, and a server that drains may finish old work and refuse new.
    pub fn succeeded(&mut self, now: Instant) {
        match self.state {
            State::Open { until, .. } if now < until => {}
            _ => self.state = State::Closed { failures: 0 },
        }
    }

    /// A request failed by the fault of the deployment. While it is open that changes nothing: the
    /// request was sent before.
    pub fn failed(&mut self, now: Instant) {
        self.state = match self.state {
            State::Closed { failures } if self.opens_at(failures.saturating_add(1)) => {
                let cooldown = self.settings.cooldown;
                State::Open { until: now + cooldown, cooldown }
            }
            State::Closed { failures } => State::Closed { failures: failures.saturating_add(1) },
            State::Open { .. } => self.state,
            State::Trial { cooldown, .. } => {
                let cooldown = self.longer(cooldown);
                State::Open { until: now + cooldown, cooldown }
            }
        };
    }

    /// The deployment asked for a rest until `until`: 429 with `Retry-After`, of which the caller
    /// believes as much as it wants. Nothing is counted as a failure. A trial is over by that, and
    /// the next goes when the rest is: not everybody at once, unless failures are not counted.
    pub fn hold(&mut self, until: Instant) {
        self.held = Some(self.held.map_or(until, |held| held.max(until)));
        self.abandon_trial();
        if let (State::Closed { .. }, 1..) = (self.state, self.settings.failures) {
            self.state = State::Open { until, cooldown: self.settings.cooldown };
        }
    }

    /// The server has gone and come back: what it did before is not held against it.
    pub fn came_back(&mut self) {
        self.state = State::Closed { failures: 0 };
        self.held = None;
    }

    /// `closed`, `open` or `half_open`, for metrics and the admin API. One that is held is `open`:
    /// nothing is sent there.
    pub fn state_word(&self, now: Instant) -> &'static str {
        match (self.state, self.admits(now)) {
            (_, Admits::Trial) | (State::Trial { .. }, _) => "half_open",
            (_, Admits::No { .. }) => "open",
            (_, Admits::Yes) => "closed",
        }
    }

    fn opens_at(&self, failures: u32) -> bool {
        self.settings.failures > 0 && failures >= self.settings.failures
    }

    fn longer(&self, cooldown: Duration) -> Duration {
        let longest = LONGEST_COOLDOWN.max(self.settings.cooldown);
        cooldown.saturating_mul(2).clamp(self.settings.cooldown, longest)
    }
}

#[cfg(test)]
mod tests;
