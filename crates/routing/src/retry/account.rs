//! The account of a budget, which fits into one word of memory.

use super::RESERVE;

/// One retry, in the unit of balances.
pub(super) const TOKEN: u32 = 1000;
/// The largest balance there is room for: some 268,000 retries.
const LARGEST: u32 = (1 << BALANCE_BITS) - 1;
/// A balance loses one part in this many every second.
const LAPSE: u32 = 10;

const BALANCE_BITS: u32 = 28;
const QUIET_BITS: u32 = 4;
/// As far as seconds of quiet are counted.
pub(super) const QUIET_SECONDS: u32 = 10;
const _: () = assert!(QUIET_SECONDS < 1 << QUIET_BITS, "there is room to count them");

/// What there is, as of a certain second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    second: u32,
    /// Seconds since the last retry, as far as they matter.
    quiet: u32,
    /// In thousandths of a retry.
    balance: u32,
}

impl Account {
    /// What there is at the start.
    pub(super) fn full() -> Self {
        Self { second: 0, quiet: QUIET_SECONDS, balance: RESERVE * TOKEN }
    }

    /// The same account at a later second. An earlier one is taken for its own: threads may be told
    /// the time in any order.
    pub(super) fn at(mut self, second: u32) -> Self {
        let passed = second.saturating_sub(self.second);
        self.second = self.second.max(second);
        self.quiet = self.quiet.saturating_add(passed).min(QUIET_SECONDS);
        for _ in 0..passed {
            if self.balance == 0 {
                break;
            }
            self.balance -= self.balance.div_ceil(LAPSE);
        }
        if passed > 0 && self.quiet == QUIET_SECONDS {
            self.balance = self.balance.max(RESERVE * TOKEN);
        }
        self
    }

    pub(super) fn paid_in(self, amount: u32) -> Self {
        Self { balance: self.balance.saturating_add(amount).min(LARGEST), ..self }
    }

    /// The account with one retry less, when there is one.
    pub(super) fn retried(self) -> Option<Self> {
        let balance = self.balance.checked_sub(TOKEN)?;
        Some(Self { balance, quiet: 0, ..self })
    }

    pub(super) fn pack(self) -> u64 {
        let low = (self.quiet << BALANCE_BITS) | self.balance;
        (u64::from(self.second) << u32::BITS) | u64::from(low)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the upper half is taken apart")]
    pub(super) fn unpack(word: u64) -> Self {
        let low = word as u32;
        let second = (word >> u32::BITS) as u32;
        Self { second, quiet: low >> BALANCE_BITS, balance: low & LARGEST }
    }
}
