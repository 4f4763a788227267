use transom_core::model::Strategy;

use super::super::tests::{bits, idle, ids};
use super::super::{Ask, Candidate, picker};
use crate::prompt::Prompt;

const SESSIONS: u64 = 4000;

/// Where each session goes, as the number of the deployment.
fn homes(among: &[Candidate<'_>]) -> Vec<usize> {
    let (picker, prompt) = (picker(Strategy::Session), Prompt::none());
    let home = |session: u64| {
        let ask = Ask { prompt: &prompt, session: Some(session), random: bits(session) };
        picker.pick(among, &ask)
    };
    (0..SESSIONS).map(home).collect()
}

fn count(homes: &[usize], of: usize) -> usize {
    homes.iter().filter(|home| **home == of).count()
}

#[test]
fn a_deployment_that_comes_takes_its_share_and_nothing_else_moves() {
    let ids = ids(5);
    let five: Vec<_> = ids.iter().map(idle).collect();
    let (before, after) = (homes(&five[..4]), homes(&five));
    let moved: Vec<_> = before.iter().zip(&after).filter(|(old, new)| old != new).collect();
    assert!(moved.iter().all(|(_, new)| **new == 4), "only to the new one");
    assert!((700..900).contains(&moved.len()), "a fifth of 4000: {}", moved.len());
    let shares: Vec<_> = (0..4).map(|k| count(&before, k)).collect();
    assert!(shares.iter().all(|share| (900..1100).contains(share)), "{shares:?}");
}

#[test]
fn sessions_are_shared_by_weight_and_a_heavier_one_only_gains() {
    let ids = ids(3);
    let with = |weight| [1, 2, weight].into_iter().zip(&ids);
    let of = |(weight, id)| Candidate { weight, ..idle(id) };
    let light: Vec<_> = with(1).map(of).collect();
    let heavy: Vec<_> = with(5).map(of).collect();
    let (before, after) = (homes(&light), homes(&heavy));
    let shares = [0, 1, 2].map(|k| (count(&before, k), count(&after, k)));
    for ((old, new), (old_wanted, new_wanted)) in
        shares.into_iter().zip([(1000, 500), (2000, 1000), (1000, 2500)])
    {
        assert!(old.abs_diff(old_wanted) < 120 && new.abs_diff(new_wanted) < 120, "{shares:?}");
    }
    assert!(before.iter().zip(&after).all(|(old, new)| old == new || *new == 2));
}

#[test]
fn an_overloaded_home_sends_its_sessions_to_their_next_choice_and_no_other_moves() {
    let ids = ids(4);
    let calm: Vec<_> = ids.iter().map(|id| Candidate { in_flight: 10, ..idle(id) }).collect();
    let mut busy = calm.clone();
    // The average is 12.5 with the request to come: 18 are within 1.5 times that, 30 are not.
    busy[1].in_flight = 17;
    assert_eq!(homes(&calm), homes(&busy));
    busy[1].in_flight = 30;
    let (before, after) = (homes(&calm), homes(&busy));
    assert_eq!(count(&after, 1), 0);
    assert!(before.iter().zip(&after).all(|(old, new)| old == new || *old == 1));
    for k in [0, 2, 3] {
        let taken = count(&after, k) - count(&before, k);
        assert!((250..420).contains(&taken), "a third of 1000: {taken}");
    }
    // Where nobody has much to do, nobody is overloaded.
    let mut idle: Vec<_> = ids.iter().map(idle).collect();
    idle[1].in_flight = 7;
    assert_eq!(homes(&idle), before);
}

#[test]
fn a_request_without_a_session_goes_to_the_least_loaded() {
    let ids = ids(3);
    let candidates = ids.iter().zip([2, 1, 2]);
    let among: Vec<_> =
        candidates.map(|(id, in_flight)| Candidate { in_flight, ..idle(id) }).collect();
    let ask = Ask { prompt: &Prompt::none(), session: None, random: 3 };
    assert_eq!(picker(Strategy::Session).pick(&among, &ask), 1);
}
