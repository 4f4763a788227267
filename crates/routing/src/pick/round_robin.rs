//! In turn.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pool::{Pool, below};
use super::weighted_shuffle::{at, share};
use super::{Ask, Candidate, Pick};

/// The golden ratio as a fraction of 2^64. Its multiples, cut to 64 bits, spread over the range more
/// evenly than those of any other number, however many there are.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Every deployment once in a round; with unequal weights, each as often as its weight says, and
/// spread out rather than in a row.
#[derive(Default)]
pub(super) struct RoundRobin {
    turn: AtomicU64,
}

impl Pick for RoundRobin {
    fn pick(&self, among: &[Candidate<'_>], _ask: &Ask<'_>) -> usize {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let pool = Pool::of(among);
        let total: usize = pool.iter().map(|(_, candidate)| share(candidate)).sum();
        let all_alike = pool.iter().all(|(_, candidate)| share(candidate) * pool.len() == total);
        if all_alike {
            let turn = usize::try_from(turn % pool.len() as u64);
            return pool.nth(turn.unwrap_or(0));
        }
        at(&pool, below(turn.wrapping_mul(GOLDEN), total))
    }
}
