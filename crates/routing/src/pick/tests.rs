use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use transom_core::model::{DeploymentId, Strategy};

use super::{Ask, Candidate, Latency, Pick, picker};
use crate::prompt::Prompt;

/// Deployments `node-0`, `node-1`, …
pub(super) fn ids(count: usize) -> Vec<DeploymentId> {
    (0..count).map(|k| DeploymentId(Arc::from(format!("default@node-{k}")))).collect()
}

/// An idle deployment of weight 1 about which nothing is known.
pub(super) fn idle(id: &DeploymentId) -> Candidate<'_> {
    let key = super::key(id);
    Candidate {
        id,
        key,
        weight: 1,
        in_flight: 0,
        waiting: 0,
        latency: Latency::UNKNOWN,
        used_share: 0.0,
    }
}

/// Random bits, the `k`-th of a fixed sequence.
pub(super) fn bits(k: u64) -> u64 {
    super::hash::mix(k, 42)
}

/// How often each is chosen in `picks` picks that differ in their random bits alone.
fn counts(picker: &dyn Pick, among: &[Candidate<'_>], picks: u64) -> Vec<u32> {
    let prompt = Prompt::none();
    let mut counts = vec![0; among.len()];
    for k in 0..picks {
        counts[picker.pick(among, &Ask { prompt: &prompt, session: None, random: bits(k) })] += 1;
    }
    counts
}

/// Whether each count is within `tolerance` of what it should be.
fn close(counts: &[u32], wanted: &[u32], tolerance: u32) -> bool {
    counts.iter().zip(wanted).all(|(count, wanted)| count.abs_diff(*wanted) <= tolerance)
}

type Figures = (u32, u32, Option<u32>, Option<u16>, f32);

fn figures() -> impl proptest::strategy::Strategy<Value = Figures> {
    let weight = prop_oneof![Just(0), Just(1), 0..9_u32, Just(u32::MAX)];
    let requests = prop_oneof![0..50_u32, Just(u32::MAX)];
    let waiting = proptest::option::of(requests.clone());
    let used = prop_oneof![0.0..1.0_f32, Just(1.0_f32), 1.0..3.0_f32];
    (weight, requests, waiting, proptest::option::of(any::<u16>()), used)
}

proptest! {
    #[test]
    fn every_strategy_keeps_to_the_best_that_are_there(
        figures in proptest::collection::vec(figures(), 1..20),
        session in proptest::option::of(any::<u64>()),
        random in any::<u64>(),
        text in 0..2000_usize,
    ) {
        let ids = ids(figures.len());
        let of = |(id, figures): (_, &Figures)| Candidate {
            id,
            key: super::key(id),
            weight: figures.0,
            in_flight: figures.1,
            waiting: figures.2.unwrap_or_default(),
            latency: figures.3.map(|milliseconds| Duration::from_millis(milliseconds.into())).into(),
            used_share: figures.4,
        };
        let among: Vec<_> = ids.iter().zip(&figures).map(of).collect();
        let rank = |one: &Candidate<'_>| (one.used_share >= 1.0, one.weight == 0);
        let best = among.iter().map(rank).min();
        let prompt = Prompt::of(vec![b'a'; text].into());
        for strategy in Strategy::ALL {
            let picker = picker(strategy);
            let ask = Ask { prompt: &prompt, session, random };
            for _ in 0..3 {
                let chosen = picker.pick(&among, &ask);
                prop_assert_eq!(among.get(chosen).map(rank), best, "{}", strategy.word());
                picker.sent(among[chosen].id, &ask);
            }
        }
    }
}

#[test]
fn a_weighted_shuffle_gives_each_its_weight() {
    let ids = ids(4);
    let weights = [1, 3, 0, 6];
    let among: Vec<_> =
        ids.iter().zip(weights).map(|(id, weight)| Candidate { weight, ..idle(id) }).collect();
    let counts = counts(&*picker(Strategy::WeightedShuffle), &among, 10_000);
    assert!(close(&counts, &[1000, 3000, 0, 6000], 150), "{counts:?}");
}

#[test]
fn what_has_used_up_its_hints_rests_until_all_have() {
    let ids = ids(3);
    let mut among: Vec<_> = ids.iter().map(idle).collect();
    among[0].used_share = 1.0;
    among[1].used_share = 0.9;
    for strategy in Strategy::ALL {
        let rested = counts(&*picker(strategy), &among, 100);
        assert_eq!((rested[0], rested[1] + rested[2]), (0, 100), "{}", strategy.word());
    }
    among[1].used_share = 7.0;
    among[2].used_share = 1.0;
    let all = counts(&*picker(Strategy::WeightedShuffle), &among, 3000);
    assert!(close(&all, &[1000, 1000, 1000], 100), "{all:?}");
}

#[test]
fn a_round_meets_each_as_often_as_its_weight_and_never_in_a_long_row() {
    let ids = ids(3);
    let order = |weights: [u32; 3], turns: usize| -> Vec<usize> {
        let candidates = ids.iter().zip(weights);
        let among: Vec<_> =
            candidates.map(|(id, weight)| Candidate { weight, ..idle(id) }).collect();
        let (picker, prompt) = (picker(Strategy::RoundRobin), Prompt::none());
        let ask = Ask { prompt: &prompt, session: None, random: 7 };
        (0..turns).map(|_| picker.pick(&among, &ask)).collect()
    };
    assert_eq!(order([5, 5, 5], 7), [0, 1, 2, 0, 1, 2, 0]);
    assert_eq!(order([0, 1, 1], 4), [1, 2, 1, 2]);
    let weighted = order([6, 2, 4], 1200);
    for some in weighted.chunks(120) {
        let counts = [0, 1, 2].map(|k| some.iter().filter(|one| **one == k).count());
        let off = counts.iter().zip([60, 20, 40]).map(|(count, wanted)| count.abs_diff(wanted));
        assert!(off.max() <= Some(2), "{counts:?}");
    }
    assert!(weighted.windows(3).all(|three| three != [0, 0, 0]), "{weighted:?}");
}

#[test]
fn the_least_loaded_counts_ours_and_the_servers_queue_by_weight() {
    let ids = ids(3);
    let least = |figures: [(u32, u32, u32); 3]| {
        let of = |(id, (weight, in_flight, waiting))| Candidate {
            weight,
            in_flight,
            waiting,
            ..idle(id)
        };
        let among: Vec<_> = ids.iter().zip(figures).map(of).collect();
        let counts = counts(&*picker(Strategy::LeastLoaded), &among, 50);
        let chosen: Vec<_> = (0..3).filter(|k| counts[*k] > 0).collect();
        chosen
    };
    assert_eq!(least([(1, 3, 0), (1, 2, 0), (1, 4, 0)]), [1]);
    assert_eq!(least([(1, 2, 0), (1, 2, 0), (1, 4, 0)]), [0, 1], "equals share");
    assert_eq!(least([(1, 5, 0), (1, 6, 0), (1, 3, 3)]), [0]);
    assert_eq!(least([(4, 9, 0), (1, 3, 0), (1, 3, 0)]), [0], "four times as large");
}

#[test]
fn two_choices_meet_everyone_but_the_most_loaded() {
    let ids = ids(4);
    let among: Vec<_> = ids
        .iter()
        .zip([3, 1, 2, 0])
        .map(|(id, in_flight)| Candidate { in_flight, ..idle(id) })
        .collect();
    // Of the six pairs, the idle one wins three, the next two, the next one.
    let counts = counts(&*picker(Strategy::TwoChoices), &among, 6000);
    assert!(close(&counts, &[0, 2000, 1000, 3000], 120), "{counts:?}");
}

#[test]
fn the_lowest_latency_is_shared_by_all_that_are_about_as_fast() {
    let ids = ids(5);
    let times = [Some(100), Some(110), Some(400), None, None];
    let of = |(id, time): (_, Option<u64>)| Candidate {
        latency: time.map(Duration::from_millis).into(),
        in_flight: 1,
        ..idle(id)
    };
    let mut among: Vec<_> = ids.iter().zip(times).map(of).collect();
    let latency = picker(Strategy::LowestLatency);
    let shared = counts(&*latency, &among, 2000);
    assert!(close(&shared, &[1000, 1000, 0, 0, 0], 100), "{shared:?}");

    among[1].in_flight = 2;
    assert_eq!(counts(&*latency, &among, 50), [50, 0, 0, 0, 0], "what was sent slows it");
    among[0].in_flight = 15;
    among[1].in_flight = 15;
    assert_eq!(counts(&*latency, &among, 50), [0, 0, 50, 0, 0], "a slow one helps out");
    among[4].in_flight = 0;
    assert_eq!(counts(&*latency, &among, 50), [0, 0, 0, 0, 50], "the unknown one is measured");
    among[2].in_flight = 2;
    let unknown: Vec<_> =
        among[..3].iter().map(|one| Candidate { latency: Latency::UNKNOWN, ..*one }).collect();
    assert_eq!(counts(&*latency, &unknown, 50), [0, 0, 50], "nothing known: the least loaded");
}
