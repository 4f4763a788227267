//! Requests that kill servers: each death is a strike against the request that was there, and one
//! with too many strikes is refused, so that failing over does not carry it through the fleet.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// How long a strike counts, and so how long a request is refused after its last one.
pub const REMEMBERED: Duration = Duration::from_mins(10);
/// Most requests that are remembered; beyond, the one struck longest ago is forgotten.
pub const MOST_REMEMBERED: usize = 4096;

/// The requests that were there when a server died, by their fingerprint.
#[derive(Debug)]
pub struct PoisonList {
    strikes: u32,
    struck: HashMap<u64, Struck>,
    /// Fingerprints by the turn of their last strike, which is the order in which they run out.
    oldest: BTreeMap<u64, u64>,
    next_turn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Struck {
    strikes: u32,
    until: Instant,
    turn: u64,
}

impl PoisonList {
    /// Nothing is refused yet; after `strikes` deaths it is. 0: never.
    pub fn new(strikes: u32) -> Self {
        Self { strikes, struck: HashMap::new(), oldest: BTreeMap::new(), next_turn: 0 }
    }

    /// Changes the number of strikes; those there are stay.
    pub fn configure(&mut self, strikes: u32) {
        self.strikes = strikes;
    }

    /// Whether no request is remembered, so that nothing needs to be looked up.
    pub fn is_empty(&self) -> bool {
        self.struck.is_empty()
    }

    /// A server died while `fingerprint` was there.
    pub fn strike(&mut self, fingerprint: u64, now: Instant) {
        self.forget(now);
        let before = self.struck.remove(&fingerprint).map_or(0, |struck| {
            self.oldest.remove(&struck.turn);
            struck.strikes
        });
        if self.struck.len() >= MOST_REMEMBERED
            && let Some((_, oldest)) = self.oldest.pop_first()
        {
            self.struck.remove(&oldest);
        }
        let turn = self.next_turn;
        self.next_turn += 1;
        let strikes = before.saturating_add(1);
        self.struck.insert(fingerprint, Struck { strikes, until: now + REMEMBERED, turn });
        self.oldest.insert(turn, fingerprint);
    }

    /// Whether `fingerprint` has met too many deaths to be sent again.
    pub fn refuses(&self, fingerprint: u64, now: Instant) -> bool {
        let struck = self.struck.get(&fingerprint).filter(|struck| now < struck.until);
        self.strikes > 0 && struck.is_some_and(|struck| struck.strikes >= self.strikes)
    }

    /// Drops what has run out.
    fn forget(&mut self, now: Instant) {
        while let Some(first) = self.oldest.first_entry() {
            if self.struck.get(first.get()).is_some_and(|struck| now < struck.until) {
                return;
            }
            let fingerprint = first.remove();
            self.struck.remove(&fingerprint);
        }
    }
}

#[cfg(test)]
mod tests;
