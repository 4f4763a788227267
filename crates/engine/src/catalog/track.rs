//! What was learnt about a deployment at its server.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use transom_core::fleet::Routing;
use transom_core::model::Capacity;
use transom_routing::breaker::{self, Admits, Breaker};
use transom_routing::latency::Ewma;
use transom_routing::window::Window;

use super::digest::{Digest, Epoch, Moment};
use super::line::Lines;

/// What was learnt about a deployment at its server. It outlives snapshots, as long as the
/// deployment stays where it is.
///
/// What a choice reads of it comes first, in one line of the processor's cache.
#[repr(C, align(64))]
pub(crate) struct Track {
    in_flight: AtomicU32,
    /// Whether its server was gone when it was last looked at.
    away: AtomicBool,
    /// What was learnt, as far as a choice reads it without the lock.
    digest: Digest,
    learnt: Mutex<Learnt>,
    /// Where requests wait for this deployment.
    lines: Mutex<Vec<Weak<Lines>>>,
}

/// What changes with each request.
pub(crate) struct Learnt {
    pub(crate) breaker: Breaker,
    pub(crate) first_token: Ewma,
    pub(crate) whole_answer: Ewma,
    pub(crate) requests: Window,
    pub(crate) tokens: Window,
    pub(super) tokenizer: Tokenizer,
    /// When a request last left others behind.
    company: Option<Instant>,
}

/// How a server counts the tokens of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tokenizer {
    /// It has not been asked.
    #[default]
    Unasked,
    /// It takes messages: vLLM.
    OfMessages,
    /// It takes prompts, and makes them of messages: llama.cpp's server.
    OfPrompts,
    /// It has none.
    Absent {
        /// When it was asked.
        since: Instant,
    },
}

/// How long a server is believed to have no tokenizer: another one may have taken its place without
/// having been missed.
const ABSENT_FOR: Duration = Duration::from_mins(1);

impl Tokenizer {
    fn is_old(self, now: Instant) -> bool {
        matches!(self, Self::Absent { since } if now.saturating_duration_since(since) >= ABSENT_FOR)
    }

    /// What is still known of it.
    pub(super) fn still(self, now: Instant) -> Self {
        if self.is_old(now) { Self::Unasked } else { self }
    }
}

/// Requests that end within this time may have had the same end.
const SAME_MOMENT: Duration = Duration::from_secs(1);

/// Why nothing may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It failed of late and rests.
    Resting { until: Instant },
    /// It has had what it may have this minute.
    RateLimited { wait: Duration },
}

impl Track {
    /// Nothing is known yet.
    pub(super) fn new(routing: &Routing, epoch: Epoch) -> Self {
        Self {
            in_flight: AtomicU32::new(0),
            away: AtomicBool::new(false),
            learnt: Mutex::new(Learnt {
                breaker: Breaker::new(breaker_settings(routing)),
                first_token: Ewma::default(),
                whole_answer: Ewma::default(),
                requests: Window::default(),
                tokens: Window::default(),
                tokenizer: Tokenizer::default(),
                company: None,
            }),
            digest: Digest::new(epoch),
            lines: Mutex::default(),
        }
    }

    /// Its server is gone.
    pub(super) fn gone(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    /// Its server is there: what it did before it went is not held against it, and what it could not
    /// do is asked anew.
    #[inline]
    pub(super) fn there(&self) {
        if self.away.load(Ordering::Relaxed) {
            self.is_back();
        }
    }

    fn is_back(&self) {
        if self.away.swap(false, Ordering::Relaxed) {
            self.with(|learnt| {
                learnt.breaker.came_back();
                learnt.tokenizer = Tokenizer::default();
            });
        }
    }

    /// Changes the settings, and keeps what is known.
    pub(super) fn configure(&self, routing: &Routing) {
        self.with(|learnt| learnt.breaker.configure(breaker_settings(routing)));
    }

    /// From now on those in `lines` are told when a place is free.
    pub(super) fn wait_in(&self, lines: &Arc<Lines>) {
        let mut all = lock(&self.lines);
        all.retain(|known| known.upgrade().is_some_and(|known| !Arc::ptr_eq(&known, lines)));
        all.push(Arc::downgrade(lines));
    }

    /// Requests in flight there.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether a request is the only one there, and was so a moment ago: of many that broke at once
    /// each but the first looks as if it had been alone.
    pub(super) fn has_one(&self, now: Instant) -> bool {
        let left = |since: Instant| now.saturating_duration_since(since) < SAME_MOMENT;
        self.in_flight() <= 1 && !self.with(|learnt| learnt.company.is_some_and(left))
    }

    /// The breaker in one word.
    pub(crate) fn breaker_word(&self, now: Instant) -> &'static str {
        self.with(|learnt| learnt.breaker.state_word(now))
    }

    pub(super) fn with<T>(&self, f: impl FnOnce(&mut Learnt) -> T) -> T {
        let mut learnt = lock(&self.learnt);
        let told = f(&mut learnt);
        self.digest.refresh(&learnt);
        told
    }

    /// Whether nothing stands against a request where there are no rates, as far as can be told
    /// without the lock.
    pub(super) fn is_regular(&self, at: Moment) -> bool {
        self.digest.is_regular(at)
    }

    /// Whether something may be sent, beside the number of requests at once.
    pub(super) fn check(&self, limits: &Capacity, at: Moment) -> Result<(), Held> {
        if self.digest.is_free(limits, at) {
            return Ok(());
        }
        self.with(|learnt| {
            learnt.forget(at.now);
            learnt.check(limits, at.now).map(drop)
        })
    }

    /// The share of its rates that this minute has used.
    pub(super) fn used_share(&self, limits: &Capacity, at: Moment) -> f32 {
        if limits.requests_per_minute.is_none() && limits.tokens_per_minute.is_none() {
            return 0.0;
        }
        let counts = self.digest.counts(at).unwrap_or_else(|| {
            self.with(|learnt| {
                learnt.forget(at.now);
                (learnt.requests.held().0, learnt.tokens.held().0)
            })
        });
        shares(counts, limits)
    }

    /// How soon it begins to answer.
    pub(super) fn first_token(&self, at: Moment) -> Option<Duration> {
        self.digest.first_token(at)
    }

    /// How soon it is done with a whole answer.
    pub(super) fn whole_answer(&self, at: Moment) -> Option<Duration> {
        self.digest.whole_answer(at)
    }

    /// Takes a place within the limits, unless somebody else has just taken it. `Some` tells
    /// whether the request is a trial of the breaker's.
    pub(super) fn enter(&self, limits: &Capacity, now: Instant) -> Option<Admission> {
        let most = limits.parallel_requests.unwrap_or(u32::MAX);
        let entered = self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| {
            (now < most).then_some(now.saturating_add(1))
        });
        entered.ok()?;
        let admitted = self.with(|learnt| learnt.admit(limits, now));
        if admitted.is_none() {
            self.leave(now);
        }
        admitted
    }

    /// Gives a place back.
    pub(super) fn leave(&self, now: Instant) {
        if self.in_flight.fetch_sub(1, Ordering::AcqRel) > 1 {
            self.with(|learnt| learnt.company = Some(now));
        }
        self.call_waiting();
    }

    /// Lets those who wait for this deployment look again.
    pub(super) fn call_waiting(&self) {
        lock(&self.lines).retain(|lines| match lines.upgrade() {
            Some(lines) => {
                lines.look_again();
                true
            }
            None => false,
        });
    }
}

/// How a request was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// As any other.
    Regular,
    /// Alone, to see whether the deployment is well again.
    Trial,
}

impl Learnt {
    /// Whether something may be sent, beside the number of requests at once.
    pub(super) fn check(&self, limits: &Capacity, now: Instant) -> Result<Admission, Held> {
        if limits.enforced {
            let requests = limits.requests_per_minute.map(u64::from);
            let wait = over(&self.requests, requests, now).max(over(
                &self.tokens,
                limits.tokens_per_minute,
                now,
            ));
            if !wait.is_zero() {
                return Err(Held::RateLimited { wait });
            }
        }
        match self.breaker.admits(now) {
            Admits::No { until } => Err(Held::Resting { until }),
            Admits::Yes => Ok(Admission::Regular),
            Admits::Trial => Ok(Admission::Trial),
        }
    }

    fn admit(&mut self, limits: &Capacity, now: Instant) -> Option<Admission> {
        let admission = self.check(limits, now).ok()?;
        if admission == Admission::Trial {
            self.breaker.begin_trial(now);
        }
        self.requests.add(1, now);
        Some(admission)
    }

    /// Drops what no longer counts.
    fn forget(&mut self, now: Instant) {
        self.requests.forget(now);
        self.tokens.forget(now);
    }

    /// The share of its rates that this minute has used.
    #[cfg(test)]
    pub(super) fn used_share(&self, limits: &Capacity, now: Instant) -> f32 {
        shares((self.requests.used(now), self.tokens.used(now)), limits)
    }
}

fn breaker_settings(routing: &Routing) -> breaker::Settings {
    // With 0 it never opens.
    let failures = if routing.breaker { routing.breaker_failures } else { 0 };
    breaker::Settings { failures, cooldown: routing.breaker_cooldown }
}

fn over(window: &Window, limit: Option<u64>, now: Instant) -> Duration {
    limit.map_or(Duration::ZERO, |limit| window.until_free(limit, 1, now))
}

fn shares((requests, tokens): (u64, u64), limits: &Capacity) -> f32 {
    let requests = share(requests, limits.requests_per_minute.map(u64::from));
    requests.max(share(tokens, limits.tokens_per_minute))
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than a few digits")]
fn share(used: u64, limit: Option<u64>) -> f32 {
    limit.map_or(0.0, |limit| used as f32 / limit.max(1) as f32)
}

/// No code panics while it holds these locks, so a poisoned one is as good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
