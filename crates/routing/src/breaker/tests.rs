use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Admits, Breaker, LONGEST_COOLDOWN, Settings, TRIAL_LIMIT};

const COOLDOWN: Duration = Duration::from_secs(5);
const SETTINGS: Settings = Settings { failures: 3, cooldown: COOLDOWN };

fn open(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(SETTINGS);
    for _ in 0..3 {
        breaker.failed(now);
    }
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_a_success_between_them_starts_the_count_again() {
    let now = Instant::now();
    let mut breaker = Breaker::new(SETTINGS);
    for failed in [true, true, false, true, true] {
        assert_eq!(breaker.admits(now), Admits::Yes);
        if failed { breaker.failed(now) } else { breaker.succeeded(now) }
    }
    assert_eq!(breaker.admits(now), Admits::Yes);
    breaker.failed(now);
    assert_eq!(breaker.admits(now), Admits::No { until: now + COOLDOWN });
    assert_eq!(breaker.state_word(now), "open");
}

#[test]
fn late_results_of_earlier_requests_neither_close_it_nor_keep_it_open() {
    let now = Instant::now();
    let mut breaker = open(now);
    let later = now + COOLDOWN / 2;
    breaker.succeeded(later);
    breaker.failed(later);
    assert_eq!(breaker.admits(later), Admits::No { until: now + COOLDOWN });
}

#[test]
fn one_trial_goes_and_its_success_closes_it() {
    let mut breaker = open(Instant::now());
    let now = Instant::now() + COOLDOWN;
    assert_eq!((breaker.admits(now), breaker.state_word(now)), (Admits::Trial, "half_open"));
    breaker.begin_trial(now);
    let second = (breaker.admits(now), breaker.state_word(now));
    assert_eq!(second, (Admits::No { until: now + TRIAL_LIMIT }, "half_open"));
    breaker.succeeded(now);
    assert_eq!((breaker.admits(now), breaker.state_word(now)), (Admits::Yes, "closed"));
}

#[test]
fn failed_trials_double_the_cooldown_up_to_its_cap_and_a_success_starts_anew() {
    let mut now = Instant::now();
    let mut breaker = open(now);
    let mut waits = Vec::new();
    while let Admits::No { until } = breaker.admits(now)
        && waits.len() < 6
    {
        waits.push((until - now).as_secs());
        now = until;
        breaker.begin_trial(now);
        breaker.failed(now);
    }
    assert_eq!(waits, [5, 10, 20, 40, 60, 60]);

    now += LONGEST_COOLDOWN;
    breaker.begin_trial(now);
    breaker.succeeded(now);
    for _ in 0..3 {
        breaker.failed(now);
    }
    assert_eq!(breaker.admits(now), Admits::No { until: now + COOLDOWN });
}

#[test]
fn a_cooldown_beyond_the_cap_is_kept_as_the_operator_set_it() {
    let now = Instant::now();
    let cooldown = LONGEST_COOLDOWN * 3;
    let mut breaker = Breaker::new(Settings { failures: 1, cooldown });
    breaker.failed(now);
    breaker.begin_trial(now + cooldown);
    breaker.failed(now + cooldown);
    assert_eq!(breaker.admits(now + cooldown), Admits::No { until: now + cooldown * 2 });
}

#[test]
fn a_trial_that_is_never_settled_makes_way_for_the_next() {
    let start = Instant::now();
    let now = start + COOLDOWN;
    let mut breaker = open(start);
    breaker.begin_trial(now);
    assert_eq!(breaker.admits(now + TRIAL_LIMIT), Admits::Trial);
    breaker.begin_trial(now + TRIAL_LIMIT);
    let again = Admits::No { until: now + TRIAL_LIMIT * 2 };
    assert_eq!(breaker.admits(now + TRIAL_LIMIT), again);
    breaker.abandon_trial();
    assert_eq!(breaker.admits(now + TRIAL_LIMIT), Admits::Trial);
}

#[test]
fn a_rest_that_was_asked_for_is_kept_and_is_no_failure() {
    let now = Instant::now();
    let after = |seconds| now + Duration::from_secs(seconds);
    let mut breaker = Breaker::new(SETTINGS);
    breaker.failed(now);
    breaker.failed(now);
    breaker.hold(after(20));
    breaker.hold(after(10));
    assert_eq!(breaker.admits(now), Admits::No { until: after(20) });
    assert_eq!(breaker.state_word(now), "open");
    // Not everybody at once.
    assert_eq!(breaker.admits(after(20)), Admits::Trial);

    let mut uncounted = Breaker::new(Settings { failures: 0, ..SETTINGS });
    uncounted.hold(after(20));
    assert_eq!(uncounted.admits(now), Admits::No { until: after(20) });
    assert_eq!(uncounted.admits(after(20)), Admits::Yes);
}

#[test]
fn a_server_that_has_gone_and_come_back_starts_without_a_past() {
    let now = Instant::now();
    let mut breaker = open(now);
    breaker.hold(now + Duration::from_secs(20));
    breaker.came_back();
    assert_eq!(breaker.admits(now), Admits::Yes);
}

#[test]
fn a_trial_answered_with_429_is_followed_by_another_after_the_rest() {
    let start = Instant::now();
    let now = start + COOLDOWN;
    let rest = now + Duration::from_secs(7);
    let mut breaker = open(start);
    breaker.begin_trial(now);
    breaker.hold(rest);
    assert_eq!(breaker.admits(now), Admits::No { until: rest });
    assert_eq!(breaker.admits(rest), Admits::Trial);
}

#[test]
fn new_settings_keep_what_is_known_and_no_failures_switch_it_off() {
    let now = Instant::now();
    let mut breaker = Breaker::new(SETTINGS);
    breaker.failed(now);
    breaker.failed(now);
    breaker.configure(Settings { failures: 2, cooldown: COOLDOWN });
    assert_eq!(breaker.admits(now), Admits::Yes);
    breaker.failed(now);
    assert_eq!(breaker.admits(now), Admits::No { until: now + COOLDOWN });

    breaker.configure(Settings { failures: 0, cooldown: COOLDOWN });
    for _ in 0..100 {
        breaker.failed(now);
    }
    assert_eq!(breaker.admits(now), Admits::Yes);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Send,
    Succeed,
    Fail,
    Abandon,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u64..20).prop_map(Step::Wait),
        Just(Step::Send),
        Just(Step::Succeed),
        Just(Step::Fail),
        Just(Step::Fail),
        Just(Step::Abandon),
    ]
}

proptest! {
    /// However results and requests mix: never two trials at once unless the first is given up,
    /// never a longer pause than the longest, and always a way back.
    #[test]
    fn there_is_never_a_second_trial(steps in prop::collection::vec(step(), 1..200)) {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(SETTINGS);
        let mut out: Option<Instant> = None;
        for step in steps {
            match step {
                Step::Wait(seconds) => now += Duration::from_secs(seconds),
                Step::Send => {
                    if breaker.admits(now) == Admits::Trial {
                        prop_assert!(out.is_none_or(|since| since + TRIAL_LIMIT <= now));
                        out = Some(now);
                    }
                    breaker.begin_trial(now);
                }
                Step::Succeed => breaker.succeeded(now),
                Step::Fail => breaker.failed(now),
                Step::Abandon => breaker.abandon_trial(),
            }
            if matches!(step, Step::Succeed | Step::Fail | Step::Abandon) {
                out = None;
            }
            if let Admits::No { until } = breaker.admits(now) {
                prop_assert!(until > now && until <= now + LONGEST_COOLDOWN);
                prop_assert_eq!(breaker.admits(until), Admits::Trial);
            }
        }
    }
}
