use transom_core::fleet::Routing;
use transom_core::model::Capacity;

use super::*;
use crate::catalog::track::Track;

const RATES: Capacity = Capacity {
    requests_per_minute: Some(3),
    tokens_per_minute: Some(100),
    parallel_requests: None,
    enforced: true,
};

/// What is read without the lock is what the lock would say, at any time.
#[test]
fn figures_that_are_read_without_a_lock_are_those_that_were_learnt() {
    let epoch = Epoch::begin();
    let track = Track::new(&Routing::default(), epoch);
    let start = epoch.0;
    let mut now = start;
    for step in 0_u64..400 {
        now += Duration::from_millis(step * 37 % 1900);
        track.with(|learnt| match step % 7 {
            0 => learnt.breaker.failed(now),
            1 => learnt.breaker.succeeded(now),
            2 => learnt.breaker.hold(now + Duration::from_secs(step % 3)),
            3 => learnt.first_token.observe(Duration::from_millis(step), now),
            4 => learnt.whole_answer.observe(Duration::from_millis(step * 9), now),
            5 => learnt.requests.add(1, now),
            _ => learnt.tokens.add(step % 40, now),
        });
        for later in [0, 1, 30, 59, 61, 90] {
            let at = epoch.moment(now + Duration::from_secs(later));
            let (free, share, speeds) = track.with(|learnt| {
                // The time of a measurement is kept in steps.
                let around = |ewma: &Ewma| [ewma.value(at.now), ewma.value(at.now + STEP)];
                (
                    learnt.check(&RATES, at.now).is_ok(),
                    learnt.used_share(&RATES, at.now),
                    [around(&learnt.first_token), around(&learnt.whole_answer)],
                )
            });
            // A breaker that lets a trial through is no regular one: that takes the lock.
            assert_eq!(track.check(&RATES, at).is_ok(), free, "{step}, {later} s later");
            assert!((track.used_share(&RATES, at) - share).abs() < 1e-6, "{step}, {later}");
            for (told, learnt) in
                [track.first_token(at), track.whole_answer(at)].into_iter().zip(speeds)
            {
                let close = |one: Option<Duration>| match (told, one) {
                    (Some(told), Some(one)) => {
                        told.abs_diff(one) <= Duration::from_micros(1) + one / 100
                    }
                    (told, one) => told == one,
                };
                assert!(learnt.into_iter().any(close), "{step}, {later}: {told:?}, {learnt:?}");
            }
        }
    }
}
