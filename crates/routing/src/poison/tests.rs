use std::time::{Duration, Instant};

use super::{MOST_REMEMBERED, PoisonList, REMEMBERED};

#[test]
fn a_request_is_refused_after_its_second_death_and_for_ten_minutes() {
    let start = Instant::now();
    let mut poison = PoisonList::new(2);
    assert!(poison.is_empty());
    poison.strike(7, start);
    assert!(!poison.is_empty());
    assert!(!poison.refuses(7, start), "one death may be chance");
    let second = start + Duration::from_mins(9);
    poison.strike(7, second);
    let last = second + REMEMBERED.saturating_sub(Duration::from_nanos(1));
    let refused = [second, last, second + REMEMBERED].map(|now| poison.refuses(7, now));
    assert_eq!(refused, [true, true, false]);
    assert!(!poison.refuses(8, second), "another request");
}

#[test]
fn strikes_that_lie_more_than_ten_minutes_apart_do_not_add_up() {
    let start = Instant::now();
    let mut poison = PoisonList::new(2);
    poison.strike(7, start);
    poison.strike(7, start + REMEMBERED);
    assert!(!poison.refuses(7, start + REMEMBERED));
}

#[test]
fn none_is_refused_when_the_number_of_strikes_is_nought() {
    let now = Instant::now();
    let mut poison = PoisonList::new(0);
    for _ in 0..5 {
        poison.strike(7, now);
    }
    assert!(!poison.refuses(7, now));
    poison.configure(2);
    assert!(poison.refuses(7, now), "what happened before is not lost by a reload");
}

#[test]
fn when_too_many_are_remembered_the_one_struck_longest_ago_goes() {
    let now = Instant::now();
    let mut poison = PoisonList::new(1);
    let most = MOST_REMEMBERED as u64;
    for fingerprint in 0..most {
        poison.strike(fingerprint, now);
    }
    poison.strike(0, now);
    poison.strike(most, now);
    let refused = [0, 1, 2, most].map(|fingerprint| poison.refuses(fingerprint, now));
    assert_eq!(refused, [true, false, true, true]);
    assert_eq!((poison.struck.len(), poison.oldest.len()), (MOST_REMEMBERED, MOST_REMEMBERED));

    poison.strike(most + 1, now + REMEMBERED);
    assert_eq!((poison.struck.len(), poison.oldest.len()), (1, 1), "the rest has run out");
}
