use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Ewma, FORGOTTEN, HALF_LIFE};

fn millis(value: Option<Duration>) -> Option<u128> {
    value.map(|value| (value + Duration::from_micros(500)).as_millis())
}

#[test]
fn a_burst_counts_evenly_and_later_measurements_weigh_more() {
    let start = Instant::now();
    let mut latency = Ewma::default();
    assert_eq!(latency.value(start), None);
    latency.observe(Duration::from_millis(100), start);
    latency.observe(Duration::from_millis(300), start);
    assert_eq!(millis(latency.value(start)), Some(200));

    // Two half-weights of 200 ms on average against one whole weight of 800 ms.
    latency.observe(Duration::from_millis(800), start + HALF_LIFE);
    assert_eq!(millis(latency.value(start + HALF_LIFE)), Some(500));
}

#[test]
fn a_slow_one_looks_better_while_nothing_is_heard_of_it_and_is_unknown_in_the_end() {
    let start = Instant::now();
    let mut latency = Ewma::default();
    latency.observe(Duration::from_millis(800), start);
    let after = |halves: u32| millis(latency.value(start + HALF_LIFE * halves));
    assert_eq!([after(0), after(1), after(2), after(4)], [800, 800, 400, 100].map(Some));
    assert_eq!(latency.value(start + FORGOTTEN), None);
}

proptest! {
    /// Whatever comes in whatever order, the mean lies between the smallest and the largest.
    #[test]
    fn the_mean_lies_between_what_was_measured(
        measured in prop::collection::vec((0_u64..1_000_000, 0_u64..30_000), 1..50),
    ) {
        let start = Instant::now();
        let mut latency = Ewma::default();
        for (micros, at) in &measured {
            latency.observe(Duration::from_micros(*micros), start + Duration::from_millis(*at));
        }
        let last = measured.iter().map(|(_, at)| *at).max().unwrap_or(0);
        let mean = latency.value(start + Duration::from_millis(last)).unwrap();
        let micros = || measured.iter().map(|(micros, _)| Duration::from_micros(*micros));
        let slack = Duration::from_micros(1);
        prop_assert!(mean + slack >= micros().min().unwrap());
        prop_assert!(mean <= micros().max().unwrap() + slack);
    }
}
