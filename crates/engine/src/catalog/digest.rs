//! What a choice reads of what was learnt about a deployment, without a lock: a choice among a
//! hundred looks at every one of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use transom_core::model::Capacity;
use transom_routing::latency::{Ewma, faded};
use transom_routing::window::Window;

use super::track::Learnt;

/// No moment is as late.
const NEVER: u64 = u64::MAX;

/// The step in which the time of a measurement is kept: 32 bits of it are thirteen years.
const STEP: Duration = Duration::from_millis(100);

/// The beginning of all moments of a gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(Instant);

/// A moment, as clocks tell it and as a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    /// Nanoseconds since the epoch.
    since: u64,
}

impl Epoch {
    /// It begins now.
    pub(super) fn begin() -> Self {
        Self(tokio::time::Instant::now().into_std())
    }

    pub(crate) fn moment(self, now: Instant) -> Moment {
        Moment { now, since: self.nanoseconds(now) }
    }

    fn nanoseconds(self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.0).as_nanos()).unwrap_or(NEVER)
    }
}

/// The figures. Each is as new as the last change; they need not belong together.
#[repr(C)]
pub(super) struct Digest {
    /// From when on requests go as usual.
    regular_from: AtomicU64,
    first_token: AtomicU64,
    whole_answer: AtomicU64,
    /// Until when the two counts are those of the last minute.
    counted_until: AtomicU64,
    requests: AtomicU64,
    tokens: AtomicU64,
    epoch: Epoch,
}

impl Digest {
    /// Nothing is known yet.
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            regular_from: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
            counted_until: AtomicU64::new(NEVER),
            first_token: AtomicU64::new(0),
            whole_answer: AtomicU64::new(0),
        }
    }

    /// Takes over what was learnt; under its lock.
    pub(super) fn refresh(&self, learnt: &Learnt) {
        let regular_from = learnt.breaker.regular_from(self.epoch.0);
        set(&self.regular_from, regular_from.map_or(NEVER, |at| self.epoch.nanoseconds(at)));
        let count = |window: &Window| {
            let (total, until) = window.held();
            (total, until.map_or(NEVER, |until| self.epoch.nanoseconds(until)))
        };
        let ((requests, one), (tokens, other)) = (count(&learnt.requests), count(&learnt.tokens));
        set(&self.requests, requests);
        set(&self.tokens, tokens);
        set(&self.counted_until, one.min(other));
        set(&self.first_token, self.packed(&learnt.first_token));
        set(&self.whole_answer, self.packed(&learnt.whole_answer));
    }

    /// Whether requests go as usual.
    pub(super) fn is_regular(&self, at: Moment) -> bool {
        at.since >= get(&self.regular_from)
    }

    /// Whether nothing stands against a request, as far as can be told without the lock.
    pub(super) fn is_free(&self, limits: &Capacity, at: Moment) -> bool {
        self.is_regular(at) && (!limits.enforced || self.has_room(limits, at))
    }

    fn has_room(&self, limits: &Capacity, at: Moment) -> bool {
        let Some((requests, tokens)) = self.counts(at) else { return false };
        let room = |used: u64, limit: Option<u64>| limit.is_none_or(|limit| used < limit);
        room(requests, limits.requests_per_minute.map(u64::from))
            && room(tokens, limits.tokens_per_minute)
    }

    /// Requests and tokens of the last minute; `None`: some have run out since they were counted.
    pub(super) fn counts(&self, at: Moment) -> Option<(u64, u64)> {
        let known = at.since < get(&self.counted_until);
        known.then(|| (get(&self.requests), get(&self.tokens)))
    }

    pub(super) fn first_token(&self, at: Moment) -> Option<Duration> {
        unpacked(get(&self.first_token), at)
    }

    pub(super) fn whole_answer(&self, at: Moment) -> Option<Duration> {
        unpacked(get(&self.whole_answer), at)
    }

    /// The mean in microseconds, of which 0 is none, above the step of its last measurement.
    fn packed(&self, ewma: &Ewma) -> u64 {
        let Some((mean, last)) = ewma.last() else { return 0 };
        let mean = u32::try_from(mean.as_micros()).unwrap_or(u32::MAX).max(1);
        let step = u64::try_from(STEP.as_nanos()).unwrap_or(NEVER);
        let last = u32::try_from(self.epoch.nanoseconds(last) / step).unwrap_or(u32::MAX);
        u64::from(mean) << 32 | u64::from(last)
    }
}

/// A choice looks at figures that nobody writes: equal ones stay where they are.
fn set(figure: &AtomicU64, value: u64) {
    if figure.load(Ordering::Relaxed) != value {
        figure.store(value, Ordering::Relaxed);
    }
}

fn get(figure: &AtomicU64) -> u64 {
    figure.load(Ordering::Relaxed)
}

fn unpacked(packed: u64, at: Moment) -> Option<Duration> {
    let (mean, last) = (packed >> 32, packed & u64::from(u32::MAX));
    if mean == 0 {
        return None;
    }
    let step = u64::try_from(STEP.as_nanos()).unwrap_or(NEVER);
    let silence = Duration::from_nanos(at.since.saturating_sub(last.saturating_mul(step)));
    faded(Duration::from_micros(mean), silence)
}

#[cfg(test)]
mod tests;
