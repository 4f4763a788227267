//! How many retries there may be, and how long to wait before one.
//!
//! The budget keeps retries from doubling the load on servers that fail because of their load: in a
//! storm in which everything fails there are few of them, whatever each request would be allowed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

mod account;

use account::{Account, QUIET_SECONDS, TOKEN};

/// Retries that are there beside the share of requests, so that a gateway with little traffic can
/// retry at all. They come back after [`QUIET`] without a retry.
pub const RESERVE: u32 = 3;
/// How long nothing is retried until the reserve is whole again.
pub const QUIET: Duration = Duration::from_secs(QUIET_SECONDS as u64);
/// The first wait before a retry is between nothing and this; it doubles with each attempt.
pub const BACKOFF_BASE: Duration = Duration::from_millis(250);
/// Waits that the server did not ask for grow up to this.
pub const BACKOFF_CAP: Duration = Duration::from_secs(8);
/// The longest that a `Retry-After` is believed.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

/// The budget of retries: a share of the requests plus [`RESERVE`]. May be used by many threads at
/// once and never blocks any.
///
/// Each request pays in its share, each retry takes out one. A tenth of the balance lapses every
/// second: after a long time of peace there are the retries of some ten seconds, and not more.
/// While nothing is quiet for [`QUIET`], there are never more retries than the share of all
/// requests plus the reserve.
#[derive(Debug)]
pub struct RetryBudget {
    /// What a request pays in, in thousandths of a retry.
    share: AtomicU32,
    account: AtomicU64,
    /// The moment from which the account counts its seconds.
    start: OnceLock<Instant>,
}

impl RetryBudget {
    /// Retries may be `ratio` of the requests, between 0 and 1; with 0 there is the reserve only.
    pub fn new(ratio: f64) -> Self {
        Self {
            share: AtomicU32::new(thousandths(ratio)),
            account: AtomicU64::new(Account::full().pack()),
            start: OnceLock::new(),
        }
    }

    /// Changes the share from now on.
    pub fn configure(&self, ratio: f64) {
        self.share.store(thousandths(ratio), Ordering::Relaxed);
    }

    /// A client's request is sent for the first time.
    pub fn request(&self, now: Instant) {
        let share = self.share.load(Ordering::Relaxed);
        let second = self.second(now);
        self.update(|account| Some(account.at(second).paid_in(share)));
    }

    /// Takes a retry out of the budget; `false` when there is none.
    pub fn try_retry(&self, now: Instant) -> bool {
        let second = self.second(now);
        self.update(|account| account.at(second).retried())
    }

    /// Puts a retry back that was taken and not sent.
    pub fn give_back(&self) {
        self.update(|account| Some(account.paid_in(TOKEN)));
    }

    /// Whether `change` was made. The whole account is one word, so that two threads never both
    /// take the last retry.
    fn update(&self, change: impl Fn(Account) -> Option<Account>) -> bool {
        let change = |word| change(Account::unpack(word)).map(Account::pack);
        self.account.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }

    fn second(&self, now: Instant) -> u32 {
        let start = self.start.get_or_init(|| now);
        u32::try_from(now.saturating_duration_since(*start).as_secs()).unwrap_or(u32::MAX)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
fn thousandths(ratio: f64) -> u32 {
    (ratio.clamp(0.0, 1.0) * f64::from(TOKEN)).round() as u32
}

/// How long to wait before retry number `attempt`, the first being 0: anything up to a bound that
/// doubles each time (full jitter), spread by the random number. What the server asked for in
/// `Retry-After` is waited out first, [`LONGEST_RETRY_AFTER`] of it at most, and only a little is
/// added so that not everybody comes back at once.
pub fn backoff(attempt: u32, retry_after: Option<Duration>, random: u64) -> Duration {
    if let Some(asked) = retry_after {
        return asked.min(LONGEST_RETRY_AFTER) + part(BACKOFF_BASE, random);
    }
    let doubled = 2_u32.checked_pow(attempt).unwrap_or(u32::MAX);
    part(BACKOFF_BASE.saturating_mul(doubled).min(BACKOFF_CAP), random)
}

/// The part of `whole` that `random` is of the largest number.
fn part(whole: Duration, random: u64) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(random)) >> u64::BITS;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
