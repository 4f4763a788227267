use bytes::Bytes;
use transom_core::model::Strategy;

use super::super::tests::{bits, idle, ids};
use super::super::{Ask, Candidate, picker};
use crate::prompt::Prompt;

/// Random text, different for each `seed`.
fn text(seed: u64, bytes: u64) -> Vec<u8> {
    (0..bytes / 8).flat_map(|k| bits(seed << 32 | k).to_le_bytes()).collect()
}

fn ask(prompt: &Prompt) -> Ask<'_> {
    Ask { prompt, session: None, random: 0 }
}

#[test]
fn a_conversation_goes_back_to_where_it_was_until_that_one_is_overloaded() {
    let ids = ids(3);
    let mut among: Vec<_> = ids.iter().map(idle).collect();
    let picker = picker(Strategy::PrefixAware);
    let first = text(1, 4096);
    let next = Prompt::of([first.clone(), text(2, 2048)].concat().into());
    picker.sent(&ids[2], &ask(&Prompt::of(first.into())));

    among[2].in_flight = 8;
    assert_eq!(picker.pick(&among, &ask(&next)), 2, "eight more than the idle ones are no matter");
    among[2].in_flight = 9;
    assert_ne!(picker.pick(&among, &ask(&next)), 2);
    for one in &mut among {
        one.in_flight += 91;
    }
    assert_eq!(picker.pick(&among, &ask(&next)), 2, "nor are nine when all have ninety");

    picker.retain(&|id| *id != ids[2]);
    among[2].in_flight = 95;
    assert_ne!(picker.pick(&among, &ask(&next)), 2, "what is gone is forgotten");
}

#[test]
fn the_longest_beginning_wins_then_the_least_loaded_that_has_it() {
    let ids = ids(4);
    let mut among: Vec<_> = ids.iter().map(idle).collect();
    let picker = picker(Strategy::PrefixAware);
    let (system, talk) = (text(1, 2048), text(2, 2048));
    let shared = Prompt::of(system.clone().into());
    let longer = Prompt::of([system.clone(), talk].concat().into());
    let other = Prompt::of([system, text(3, 2048)].concat().into());
    for (id, prompt) in [(0, &shared), (1, &longer), (2, &shared)] {
        picker.sent(&ids[id], &ask(prompt));
    }
    among[0].in_flight = 5;
    among[1].in_flight = 4;
    among[2].in_flight = 3;
    assert_eq!(picker.pick(&among, &ask(&longer)), 1);
    assert_eq!(picker.pick(&among, &ask(&other)), 2);
    assert_eq!(picker.pick(&among[..2], &ask(&other)), 1, "only those that can take it");
    assert_eq!(picker.pick(&among, &ask(&Prompt::of(text(4, 2048).into()))), 3, "nobody has it");
    assert_eq!(picker.pick(&among, &ask(&Prompt::of(Bytes::from_static(b"hi")))), 3, "too short");
    among[1].used_share = 1.0;
    assert_eq!(picker.pick(&among, &ask(&longer)), 2, "the next longest, when the home is out");
}

#[test]
fn a_beginning_that_all_have_is_not_one_place_only() {
    let ids = ids(12);
    let picker = picker(Strategy::PrefixAware);
    let system = Prompt::of(text(1, 2048).into());
    let mut sent = vec![0; ids.len()];
    for _ in 0..120 {
        let candidates = ids.iter().zip(&sent);
        let among: Vec<_> =
            candidates.map(|(id, sent)| Candidate { in_flight: *sent, ..idle(id) }).collect();
        let chosen = picker.pick(&among, &ask(&system));
        picker.sent(&ids[chosen], &ask(&system));
        sent[chosen] += 1;
    }
    assert!(sent.iter().all(|sent| (1..=18).contains(sent)), "{sent:?}");
}
