use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use transom_core::model::DeploymentId;

use super::{
    Ejection, FEWEST_RESULTS, FIRST_EJECTION, FORGIVEN, LONGEST_EJECTION, Settings, WINDOW,
};

const SETTINGS: Settings = Settings { ratio: 0.5, floor: 0.5 };

fn id(number: usize) -> DeploymentId {
    DeploymentId(Arc::from(format!("deployment-{number}")))
}

/// Deployment `number` of `members` has `failures` and then `successes`.
fn results(
    ejection: &mut Ejection,
    number: usize,
    (failures, successes): (u32, u32),
    members: usize,
    now: Instant,
) {
    (0..successes).for_each(|_| ejection.record(&id(number), true, members, now));
    (0..failures).for_each(|_| ejection.record(&id(number), false, members, now));
}

fn out(ejection: &Ejection, members: usize, now: Instant) -> Vec<usize> {
    (0..members).filter(|number| ejection.is_ejected(&id(*number), now)).collect()
}

#[test]
fn one_that_flaps_is_left_out_and_those_that_fail_now_and_then_are_not() {
    let now = Instant::now();
    let mut ejection = Ejection::new(Settings { ratio: 0.2, floor: 0.5 });
    results(&mut ejection, 0, (1, 9), 3, now);
    results(&mut ejection, 1, (3, 7), 3, now);
    results(&mut ejection, 2, (0, 10), 3, now);
    assert_eq!(out(&ejection, 3, now), [1]);
    assert_eq!(out(&ejection, 3, now + FIRST_EJECTION), [0; 0]);
}

#[test]
fn few_results_or_old_ones_prove_nothing() {
    let now = Instant::now();
    let mut ejection = Ejection::new(SETTINGS);
    results(&mut ejection, 0, (FEWEST_RESULTS - 1, 0), 2, now);
    assert_eq!(out(&ejection, 2, now), [0; 0]);
    results(&mut ejection, 0, (1, 0), 2, now + WINDOW);
    assert_eq!(out(&ejection, 2, now + WINDOW), [0; 0]);
    results(&mut ejection, 0, (FEWEST_RESULTS - 1, 0), 2, now + WINDOW);
    assert_eq!(out(&ejection, 2, now + WINDOW), [0]);
}

#[test]
fn when_all_fail_alike_none_is_an_outlier_and_a_lone_one_never_is() {
    let now = Instant::now();
    let mut ejection = Ejection::new(SETTINGS);
    for _ in 0..50 {
        (0..4).for_each(|number| results(&mut ejection, number, (1, 0), 4, now));
    }
    assert_eq!(out(&ejection, 4, now), [0; 0]);

    let mut lone = Ejection::new(Settings { ratio: 0.0, floor: 1.0 });
    results(&mut lone, 0, (50, 0), 1, now);
    assert_eq!(out(&lone, 1, now), [0; 0]);
}

#[test]
fn ejections_grow_up_to_a_cap_and_good_conduct_makes_them_short_again() {
    let mut now = Instant::now();
    let mut ejection = Ejection::new(SETTINGS);
    let mut eject = |now: Instant| {
        results(&mut ejection, 1, (0, 20), 2, now);
        results(&mut ejection, 0, (20, 0), 2, now);
        let seconds = (1..=600).map(Duration::from_secs);
        seconds.take_while(|after| ejection.is_ejected(&id(0), now + *after)).last()
    };
    let mut lengths = Vec::new();
    for _ in 0..7 {
        let length = eject(now).unwrap() + Duration::from_secs(1);
        lengths.push(length.as_secs());
        now += length;
    }
    assert_eq!(lengths, [5, 10, 20, 40, 80, 120, 120]);
    assert_eq!(lengths.last(), Some(&LONGEST_EJECTION.as_secs()));
    let after = eject(now + FORGIVEN).unwrap();
    assert_eq!(after + Duration::from_secs(1), FIRST_EJECTION);
}

#[test]
fn when_the_good_ones_are_removed_the_ejected_ones_come_back() {
    let now = Instant::now();
    let mut ejection = Ejection::new(SETTINGS);
    (2..4).for_each(|number| results(&mut ejection, number, (0, 10), 4, now));
    results(&mut ejection, 0, (10, 0), 4, now);
    results(&mut ejection, 1, (10, 0), 4, now + Duration::from_secs(1));
    let now = now + Duration::from_secs(1);
    assert_eq!(out(&ejection, 4, now), [0, 1]);

    ejection.retain(&|there| *there == id(0) || *there == id(1));
    assert_eq!(out(&ejection, 4, now), [1], "the one that was out longer is back");
    ejection.retain(&|there| *there == id(1));
    assert_eq!(out(&ejection, 4, now), [0; 0]);
}

proptest! {
    /// Whatever the results, the floor holds at every moment, also after the group has shrunk.
    #[test]
    fn there_are_never_more_out_than_the_floor_allows(
        members in 1_usize..9,
        floor in 0_u32..=10,
        ratio in 0_u32..10,
        results in prop::collection::vec((0_usize..8, 0_u32..10, 0_u64..300), 1..600),
        left in 1_usize..9,
    ) {
        let settings =
            Settings { ratio: f64::from(ratio) / 10.0, floor: f64::from(floor) / 10.0 };
        let most = |members: usize| (members * floor as usize / 10).min(members - 1);
        let mut ejection = Ejection::new(settings);
        let mut now = Instant::now();
        for (number, failed, millis) in results {
            now += Duration::from_millis(millis);
            let number = number % members;
            // The higher its number, the more often it fails.
            ejection.record(&id(number), failed > u32::try_from(number).unwrap(), members, now);
            prop_assert!(out(&ejection, members, now).len() <= most(members));
        }
        let left = left.min(members);
        let kept: Vec<_> = (members - left..members).map(id).collect();
        ejection.retain(&|there| kept.contains(there));
        prop_assert!(out(&ejection, members, now).len() <= most(left));
    }
}
