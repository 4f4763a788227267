//! At random, by weight.

use super::pool::{Pool, below};
use super::{Ask, Candidate, Pick};

/// Each deployment gets its weight's share of the requests; nothing is remembered.
pub(super) struct WeightedShuffle;

impl Pick for WeightedShuffle {
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize {
        let pool = Pool::of(among);
        let total: usize = pool.iter().map(|(_, candidate)| share(candidate)).sum();
        at(&pool, below(ask.random, total))
    }
}

/// A weight as shares are counted here: where all weights are 0, all are alike.
pub(super) fn share(candidate: &Candidate<'_>) -> usize {
    candidate.weight.max(1) as usize
}

/// Whom `position` belongs to when each has as many positions, in a row, as its share.
pub(super) fn at(pool: &Pool<'_>, position: usize) -> usize {
    let mut left = position;
    let owner = pool.iter().find(|(_, candidate)| {
        let share = share(candidate);
        let found = left < share;
        left = left.saturating_sub(share);
        found
    });
    owner.map_or(0, |(index, _)| index)
}
