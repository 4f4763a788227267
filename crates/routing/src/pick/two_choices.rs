//! The less loaded of two picked at random.

use super::pool::{Pool, below};
use super::{Ask, Candidate, Pick, hash};

/// Nearly as even as the least loaded of all, while gateways that look at the same figures, seconds
/// old, do not all run to the same deployment.
pub(super) struct TwoChoices;

impl Pick for TwoChoices {
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize {
        let pool = Pool::of(among);
        let first = below(ask.random, pool.len());
        // The second is any of the others: as far behind the first as the draw says, around the end.
        let behind = 1 + below(hash::mix(ask.random, 0), pool.len() - 1);
        let second = pool.nth((first + behind) % pool.len());
        let first = pool.nth(first);
        if pool.pressure(&among[second]) < pool.pressure(&among[first]) { second } else { first }
    }
}
