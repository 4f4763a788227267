use super::*;

fn seconds(delays: impl IntoIterator<Item = Duration>) -> Vec<f64> {
    delays.into_iter().map(|delay| delay.as_secs_f64()).collect()
}

#[test]
fn a_crash_loop_slows_down_to_one_start_a_minute() {
    let mut schedule = Schedule::new(Backoff::default());
    let delays = (0..9).map(|_| schedule.after_failure(Duration::ZERO, 1.0));
    assert_eq!(seconds(delays), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]);
    assert_eq!(schedule.attempt(), 10);
}

#[test]
fn delays_are_spread_over_the_whole_range() {
    for (random, delay) in [(0.0, 0.0), (0.25, 1.0), (0.5, 2.0), (f64::NAN, 4.0), (-3.0, 4.0)] {
        let mut schedule = Schedule { backoff: Backoff::default(), failures: 2 };
        assert_eq!(seconds([schedule.after_failure(Duration::ZERO, random)]), [delay]);
    }
}

#[test]
fn only_a_stable_time_of_service_clears_the_record() {
    let mut schedule = Schedule::new(Backoff::default());
    let ready_for = [0, 59, 60, 59].map(Duration::from_secs);
    let delays = ready_for.map(|ready_for| schedule.after_failure(ready_for, 1.0));
    assert_eq!(seconds(delays), [1.0, 2.0, 1.0, 2.0]);
}
