use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{GRAIN, MINUTE, Window};

#[test]
fn what_is_older_than_a_minute_and_a_second_is_free_again() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut window = Window::default();
    assert_eq!((window.used(start), window.until_free(10, 10, start)), (0, Duration::ZERO));

    window.add(4, at(0));
    window.add(6, at(30));
    assert_eq!([at(30), at(60), at(61), at(91)].map(|now| window.used(now)), [10, 10, 6, 0]);
    assert_eq!(window.until_free(10, 0, at(30)), Duration::ZERO);
    assert_eq!(window.until_free(10, 4, at(30)), Duration::from_secs(31));
    assert_eq!(window.until_free(10, 5, at(30)), Duration::from_secs(61));
    assert_eq!(window.until_free(10, 11, at(30)), MINUTE);
    // A limit that was lowered below what is used already.
    assert_eq!(window.until_free(1, 1, at(30)), Duration::from_secs(61));
}

proptest! {
    /// No minute sees more than the limit, the promised wait is honest to the nanosecond, and the
    /// memory stays small.
    #[test]
    fn a_limit_holds_in_every_minute(
        limit in 1_u64..40,
        calls in prop::collection::vec((0_u64..4_000, 1_u64..6), 1..300),
    ) {
        let mut now = Instant::now();
        let mut window = Window::default();
        let mut let_through: Vec<(Instant, u64)> = Vec::new();
        for (millis, amount) in calls {
            now += Duration::from_millis(millis);
            let wait = window.until_free(limit, amount, now);
            if wait.is_zero() {
                window.add(amount, now);
                let_through.push((now, amount));
            } else if amount <= limit {
                prop_assert!(wait <= MINUTE + GRAIN);
                prop_assert!(window.until_free(limit, amount, now + wait).is_zero());
                let just_before = now + wait.saturating_sub(Duration::from_nanos(1));
                prop_assert!(!window.until_free(limit, amount, just_before).is_zero());
            }
            prop_assert!(window.grains.len() <= 62);
            let recent = let_through.iter().filter(|(at, _)| *at + MINUTE > now);
            let recent: u64 = recent.map(|(_, amount)| amount).sum();
            prop_assert!(recent <= limit);
            prop_assert!(recent <= window.used(now));
        }
    }
}
