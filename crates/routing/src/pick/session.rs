//! The one that served the conversation before.

use super::pool::Pool;
use super::{Ask, Candidate, Pick, hash};

/// How many times the average pressure a deployment may have and still take in its conversations.
const FAIR_TIMES: f64 = 1.5;

/// A deployment with fewer requests is not overloaded, whatever the average: a few requests more
/// cost less than a cache that has to be filled again.
const NEVER_TOO_MANY: u32 = 8;

/// Rendezvous hashing: each deployment has a score for each conversation, and the highest one is its
/// home. Nothing is remembered, so all gateways agree and restarts change nothing; a deployment that
/// comes takes over its share of the conversations, one that goes leaves its own to the others, and
/// no other conversation moves. Where the home is overloaded the next highest takes over.
///
/// A request without a conversation goes to the least loaded deployment.
pub(super) struct Session;

impl Pick for Session {
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize {
        let pool = Pool::of(among);
        match ask.session {
            Some(session) => home(&pool, session),
            None => pool.least_loaded(ask.random),
        }
    }
}

fn home(pool: &Pool<'_>, session: u64) -> usize {
    let home = highest(pool, session, |_| true);
    if pool.candidate(home).requests() < NEVER_TOO_MANY {
        return home;
    }
    let (sum, count) = pool.iter().fold((0.0, 0.0), |(sum, count), (_, candidate)| {
        (sum + pool.pressure(candidate), count + 1.0)
    });
    // Above the average, so at least one of them is within the limit.
    let limit = FAIR_TIMES * sum / count;
    let takes_in = |candidate: &Candidate<'_>| {
        candidate.requests() < NEVER_TOO_MANY || pool.pressure(candidate) <= limit
    };
    if takes_in(pool.candidate(home)) { home } else { highest(pool, session, takes_in) }
}

/// The one with the highest score of those that `takes_in` the session.
fn highest(pool: &Pool<'_>, session: u64, takes_in: impl Fn(&Candidate<'_>) -> bool) -> usize {
    let (mut home, mut highest) = (0, f64::NEG_INFINITY);
    for (index, candidate) in pool.iter() {
        if let Some(score) = higher_score(candidate, session, highest)
            && takes_in(candidate)
        {
            (home, highest) = (index, score);
        }
    }
    home
}

/// The candidate's score for the session, if it is above `than`.
///
/// With `u` even between 0 and 1, `ln(u) / weight` is the highest with a chance that is the weight's
/// share of all weights. Since `ln(u)` is never above `u - 1`, few logarithms are needed.
fn higher_score(candidate: &Candidate<'_>, session: u64, than: f64) -> Option<f64> {
    let weight = f64::from(candidate.weight.max(1));
    let even = unit(hash::mix(session, candidate.key));
    if (even - 1.0) / weight <= than {
        return None;
    }
    Some(even.ln() / weight).filter(|score| *score > than)
}

/// A number above 0 and below 1 out of a hash.
#[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
fn unit(hash: u64) -> f64 {
    const RANGE: f64 = (1_u64 << 53) as f64;
    ((hash >> 11) as f64 + 0.5) / RANGE
}

#[cfg(test)]
mod tests;
