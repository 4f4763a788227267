//! The candidates that a choice is really among.

use super::Candidate;

/// Candidates of the best standing that any of them has; never empty.
#[derive(Clone, Copy)]
pub(super) struct Pool<'a> {
    among: &'a [Candidate<'a>],
    standing: Standing,
    len: usize,
    heaviest: u32,
}

/// What puts a candidate behind others, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Regular,
    /// Its weight is 0.
    Reserve,
    /// Its hints for this minute are used up.
    Spent,
    SpentReserve,
}

impl Standing {
    fn of(candidate: &Candidate<'_>) -> Self {
        match (candidate.used_share >= 1.0, candidate.weight == 0) {
            (false, false) => Self::Regular,
            (false, true) => Self::Reserve,
            (true, false) => Self::Spent,
            (true, true) => Self::SpentReserve,
        }
    }
}

impl<'a> Pool<'a> {
    /// The best of `among`, which is not empty.
    pub(super) fn of(among: &'a [Candidate<'a>]) -> Self {
        let mut pool = Self { among, standing: Standing::SpentReserve, len: 0, heaviest: 1 };
        for candidate in among {
            let standing = Standing::of(candidate);
            if standing < pool.standing {
                pool = Self { among, standing, len: 0, heaviest: 1 };
            }
            if standing == pool.standing {
                pool.len += 1;
                pool.heaviest = pool.heaviest.max(candidate.weight);
            }
        }
        pool
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Each with its index among all candidates.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &'a Candidate<'a>)> {
        let standing = self.standing;
        let all = self.among.iter().enumerate();
        all.filter(move |(_, candidate)| Standing::of(candidate) == standing)
    }

    /// The `k`-th of them, as an index among all candidates.
    pub(super) fn nth(&self, k: usize) -> usize {
        if self.len == self.among.len() {
            return k;
        }
        self.iter().nth(k).map_or(0, |(index, _)| index)
    }

    /// The candidate of an index.
    pub(super) fn candidate(&self, index: usize) -> &'a Candidate<'a> {
        &self.among[index]
    }

    /// How loaded a candidate would be with this request: its requests with this one, times how much
    /// heavier the heaviest is. Equal figures all over mean that everyone has its share.
    pub(super) fn pressure(&self, candidate: &Candidate<'_>) -> f64 {
        let requests = f64::from(candidate.requests()) + 1.0;
        if candidate.weight == self.heaviest {
            return requests;
        }
        requests * f64::from(self.heaviest) / f64::from(candidate.weight.max(1))
    }

    /// The one with the least pressure; any of those where several have it.
    pub(super) fn least_loaded(&self, random: u64) -> usize {
        self.least(random, |candidate| self.pressure(candidate))
    }

    /// The one with the least `cost`; any of those where several have it.
    pub(super) fn least(&self, random: u64, cost: impl Fn(&Candidate<'_>) -> f64) -> usize {
        let (mut chosen, mut lowest, mut equals, mut bits) = (0, f64::INFINITY, 0, random);
        for (index, candidate) in self.iter() {
            let cost = cost(candidate);
            if cost < lowest || equals == 0 {
                (chosen, lowest, equals) = (index, cost, 1);
            } else if cost <= lowest {
                // The n-th equal one takes over with a chance of 1/n, which leaves all alike.
                equals += 1;
                bits = bits.wrapping_mul(NEXT_BITS).wrapping_add(1);
                if below(bits, equals) == 0 {
                    chosen = index;
                }
            }
        }
        chosen
    }
}

/// The factor of a linear congruential generator of full period: it makes as many draws as there are
/// candidates out of one.
const NEXT_BITS: u64 = 0x5851_f42d_4c95_7f2d;

/// A number below `count`, out of 64 random bits; 0 for a `count` of 0.
pub(super) fn below(random: u64, count: usize) -> usize {
    let scaled = (u128::from(random) * count as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}
