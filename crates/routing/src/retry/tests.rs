use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{BACKOFF_BASE, BACKOFF_CAP, LONGEST_RETRY_AFTER, QUIET, RESERVE, RetryBudget, backoff};

fn granted(budget: &RetryBudget, now: Instant, wanted: u32) -> u32 {
    (0..wanted).map(|_| u32::from(budget.try_retry(now))).sum()
}

#[test]
fn a_storm_gets_a_fifth_of_its_requests_and_the_reserve_once() {
    let start = Instant::now();
    let budget = RetryBudget::new(0.2);
    let mut retries = 0;
    for millis in 0..30_000 {
        let now = start + Duration::from_millis(millis);
        budget.request(now);
        retries += granted(&budget, now, 3);
    }
    assert_eq!(retries, 30_000 / 5 + RESERVE);
}

#[test]
fn an_idle_gateway_has_its_reserve_again_after_ten_quiet_seconds() {
    let start = Instant::now();
    let budget = RetryBudget::new(0.2);
    assert_eq!(granted(&budget, start, 10), RESERVE);
    assert_eq!(granted(&budget, start + QUIET.saturating_sub(Duration::from_secs(1)), 10), 0);
    assert_eq!(granted(&budget, start + QUIET, 10), RESERVE);
    budget.give_back();
    assert_eq!(granted(&budget, start + QUIET, 10), 1, "one was not sent");
}

#[test]
fn an_hour_of_peace_does_not_pay_for_more_than_ten_seconds_of_retries() {
    let start = Instant::now();
    let budget = RetryBudget::new(0.2);
    for tenths in 0..36_000 {
        budget.request(start + Duration::from_millis(tenths * 100));
    }
    let now = start + Duration::from_hours(1);
    let ten_seconds_of_ten_a_second = 20;
    assert!((15..=ten_seconds_of_ten_a_second).contains(&granted(&budget, now, 1000)));
}

#[test]
fn a_new_share_holds_from_then_on_and_nonsense_is_brought_into_range() {
    let now = Instant::now();
    for (ratio, expected) in [(1.0, 100), (7.0, 100), (0.5, 50), (0.0, 0), (-1.0, 0), (f64::NAN, 0)]
    {
        let budget = RetryBudget::new(0.2);
        budget.configure(ratio);
        (0..100).for_each(|_| budget.request(now));
        assert_eq!(granted(&budget, now, 1000), expected + RESERVE, "{ratio}");
    }
}

#[test]
fn threads_that_compete_never_get_more_than_there_is() {
    let budget = RetryBudget::new(0.1);
    let now = Instant::now();
    let retries = AtomicU32::new(0);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..1000 {
                    budget.request(now);
                    retries.fetch_add(granted(&budget, now, 2), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(retries.into_inner(), 8 * 1000 / 10 + RESERVE);
}

#[test]
fn waits_double_under_full_jitter_and_a_server_that_asks_for_time_gets_it() {
    let longest = |attempt, asked| backoff(attempt, asked, u64::MAX).as_secs_f64();
    let close = |measured: f64, expected: Duration| {
        assert!((measured - expected.as_secs_f64()).abs() < 1e-6, "{measured} {expected:?}");
    };
    for attempt in [0, 1, 2, 5, 31, u32::MAX] {
        assert_eq!(backoff(attempt, None, 0), Duration::ZERO);
    }
    close(longest(0, None), BACKOFF_BASE);
    close(longest(3, None), BACKOFF_BASE * 8);
    close(longest(u32::MAX, None), BACKOFF_CAP);

    let asked = Duration::from_secs(7);
    assert_eq!(backoff(4, Some(asked), 0), asked);
    close(longest(4, Some(asked)), asked + BACKOFF_BASE);
    assert_eq!(backoff(0, Some(Duration::from_hours(87_600)), 0), LONGEST_RETRY_AFTER);
}

proptest! {
    /// Whatever the order of requests, retries, returns and pauses: retries sent are at most the
    /// share of the requests plus one reserve at the start and one after each quiet spell.
    #[test]
    fn retries_stay_within_the_budget(
        share in 0_u32..=1000,
        steps in prop::collection::vec((0_u8..8, 0_u64..6_000), 1..400),
    ) {
        let budget = RetryBudget::new(f64::from(share) / 1000.0);
        let mut now = Instant::now();
        let mut last_retry = None;
        let (mut requests, mut retries, mut reserves) = (0_u32, 0_u32, 1_u32);
        for (step, millis) in steps {
            match step {
                0..4 => {
                    budget.request(now);
                    requests += 1;
                }
                4..6 => {
                    if budget.try_retry(now) {
                        // Seconds are counted whole: nine and a bit can pass for ten.
                        let quiet = QUIET.saturating_sub(Duration::from_secs(1));
                        reserves += u32::from(last_retry.is_some_and(|last| now > last + quiet));
                        last_retry = Some(now);
                        retries += 1;
                    }
                }
                6 if retries > 0 => {
                    budget.give_back();
                    retries -= 1;
                }
                _ => now += Duration::from_millis(millis),
            }
            prop_assert!(retries * 1000 <= share * requests + reserves * RESERVE * 1000);
        }
    }
}
