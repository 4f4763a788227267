//! Finds the fewest turns that have to go, by counting as rarely as possible.
//!
//! The first count is that of the whole. Turns have about as many tokens as their part of the bytes
//! says, so the second is taken where they should be enough, and the next ones beside it.

/// Most counts. A conversation of a thousand turns needs three or four as a rule.
pub(super) const MOST_COUNTS: u32 = 8;

/// A search that is told one count after the other.
pub(super) struct Search {
    /// What can go, turn by turn, oldest first, in bytes.
    weights: Vec<u64>,
    /// The whole prompt, in bytes.
    size: u64,
    /// Most tokens.
    budget: u64,
    /// The most turns that were too few, and the tokens that were left.
    few: Option<(usize, Option<u64>)>,
    /// The fewest turns that were enough, and the tokens that were left.
    enough: Option<(usize, u64)>,
    counts: u32,
    /// How far the next step goes back from where it was enough.
    stride: usize,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Without so many turns it fits.
    Fits { turns: usize, tokens: u64 },
    /// Nobody knows; this is all that can be done.
    Unproven { turns: usize },
    /// Even the newest turn alone is too long.
    TooLong { tokens: Option<u64> },
}

impl Search {
    pub(super) fn new(weights: Vec<u64>, size: u64, budget: u64) -> Self {
        Self { weights, size, budget, few: None, enough: None, counts: 0, stride: 1 }
    }

    /// Without how many turns to count next; `None`: it is over.
    pub(super) fn next(&self) -> Option<usize> {
        if self.counts == MOST_COUNTS {
            return None;
        }
        let Some((few, tokens)) = self.few else {
            return self.enough.is_none().then_some(0);
        };
        let first = few + 1;
        let last = match self.enough {
            Some((enough, _)) => enough.checked_sub(1)?,
            None => self.weights.len(),
        };
        if first > last {
            return None;
        }
        let guess = match tokens {
            Some(tokens) => self.guess(few, tokens),
            None => first.midpoint(last),
        };
        // A guess that has turned out to be enough is left behind in growing steps.
        let back = if guess > last { last + 1 - self.stride.min(last + 1 - first) } else { guess };
        Some(back.clamp(first, last))
    }

    /// So many tokens are left without so many turns; `None`: they are too many to be counted.
    pub(super) fn tell(&mut self, turns: usize, tokens: Option<u64>) {
        self.counts += 1;
        match tokens.filter(|tokens| *tokens <= self.budget) {
            Some(tokens) => {
                if self.enough.is_some() {
                    self.stride *= 2;
                }
                self.enough = Some((turns, tokens));
            }
            None => self.few = Some((turns, tokens)),
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match (self.enough, self.few) {
            (Some((turns, tokens)), _) => Outcome::Fits { turns, tokens },
            (None, Some((turns, tokens))) if turns == self.weights.len() => {
                Outcome::TooLong { tokens }
            }
            (None, _) => Outcome::Unproven { turns: self.weights.len() },
        }
    }

    /// Where it should be enough, when `tokens` are left without `gone` turns.
    fn guess(&self, gone: usize, tokens: u64) -> usize {
        let left = self.size.saturating_sub(self.weights[..gone].iter().sum()).max(1);
        let excess = u128::from(tokens.saturating_sub(self.budget)) * u128::from(left);
        let bytes = excess.div_ceil(u128::from(tokens.max(1)));
        reach(&self.weights, gone, u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}

/// How many turns have to go, `gone` among them, so that the others weigh `bytes`: at least one more,
/// at most all.
pub(super) fn reach(weights: &[u64], gone: usize, bytes: u64) -> usize {
    let mut sum = 0_u64;
    for (at, weight) in weights.iter().enumerate().skip(gone) {
        sum = sum.saturating_add(*weight);
        if sum >= bytes {
            return at + 1;
        }
    }
    weights.len()
}

#[cfg(test)]
mod tests;
