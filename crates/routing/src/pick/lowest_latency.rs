//! The one that has answered fastest of late.

use super::pool::Pool;
use super::{Ask, Candidate, Pick};

/// Deployments that cost this much more than the best are still as good: always taking the very best
/// would send everything to one until its figures have caught up.
const AS_GOOD: f64 = 1.25;

/// Any of those about as good as the best. One that was not measured of late and has nothing to do
/// goes first; while it is measured the others are used.
pub(super) struct LowestLatency;

impl Pick for LowestLatency {
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize {
        let pool = Pool::of(among);
        let idle = |candidate: &Candidate<'_>| {
            candidate.latency.seconds().is_none() && candidate.requests() == 0
        };
        if let Some(unknown) = any_of(&pool, ask.random, idle) {
            return unknown;
        }
        let cost = |candidate: &Candidate<'_>| cost(&pool, candidate);
        let lowest = pool.iter().filter_map(|(_, candidate)| cost(candidate)).reduce(f64::min);
        // Nothing is measured yet: how loaded they are is all that is known.
        let Some(lowest) = lowest else { return pool.least_loaded(ask.random) };
        let limit = lowest * AS_GOOD;
        let good = |candidate: &Candidate<'_>| cost(candidate).is_some_and(|cost| cost <= limit);
        any_of(&pool, ask.random, good).unwrap_or(0)
    }
}

/// What the request should cost there: the seconds in which it answers, times its pressure
/// with this request. The time alone would not do: it is of requests that have begun to be answered,
/// so whatever was sent since does not show in it. `None` where nothing was measured.
fn cost(pool: &Pool<'_>, candidate: &Candidate<'_>) -> Option<f64> {
    Some(candidate.latency.seconds()? * pool.pressure(candidate))
}

/// Any of the pool's candidates that `is_one` takes.
fn any_of(pool: &Pool<'_>, random: u64, is_one: impl Fn(&Candidate<'_>) -> bool) -> Option<usize> {
    let any = pool.least(random, |candidate| if is_one(candidate) { 0.0 } else { 1.0 });
    is_one(pool.candidate(any)).then_some(any)
}
