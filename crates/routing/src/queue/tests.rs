use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Full, Priority, Queue, Ticket};

use Priority::{High, Low, Normal};

const WAIT: Duration = Duration::from_secs(30);

fn push(
    queue: &mut Queue<&'static str>,
    owner: u64,
    priority: Priority,
    item: &'static str,
    now: Instant,
) -> Ticket {
    queue.push(owner, priority, now + WAIT, item, now).unwrap()
}

fn pop_all<T>(queue: &mut Queue<T>, now: Instant) -> Vec<T> {
    std::iter::from_fn(|| queue.pop(now)).collect()
}

#[test]
fn owners_take_turns_and_each_is_served_in_the_order_it_came() {
    let now = Instant::now();
    let mut queue = Queue::new(10);
    for item in ["a1", "a2", "a3", "a4"] {
        push(&mut queue, 1, Normal, item, now);
    }
    push(&mut queue, 2, Normal, "b1", now);
    push(&mut queue, 2, Normal, "b2", now);
    assert_eq!(queue.pop(now), Some("a1"));
    push(&mut queue, 3, Normal, "c1", now);
    assert_eq!(pop_all(&mut queue, now), ["b1", "a2", "c1", "b2", "a3", "a4"]);
    assert!(queue.is_empty());
}

#[test]
fn classes_share_the_turns_by_their_weights_and_the_lowest_is_served_too() {
    let now = Instant::now();
    let mut queue = Queue::new(1000);
    for _ in 0..100 {
        for priority in Priority::ALL {
            queue.push(1, priority, now + WAIT, priority, now).unwrap();
        }
    }
    let served: Vec<_> = (0..120).filter_map(|_| queue.pop(now)).collect();
    let turns = Priority::ALL.map(|class| served.iter().filter(|it| **it == class).count());
    assert_eq!(turns, [80, 30, 10]);
    assert_eq!(served[0], High);
}

#[test]
fn a_class_saves_up_no_turns_while_nothing_of_it_waits() {
    let now = Instant::now();
    let mut queue = Queue::new(1000);
    for _ in 0..200 {
        push(&mut queue, 1, High, "high", now);
    }
    for _ in 0..100 {
        assert_eq!(queue.pop(now), Some("high"));
    }
    for _ in 0..5 {
        push(&mut queue, 1, Low, "low", now);
    }
    let next: Vec<_> = (0..20).filter_map(|_| queue.pop(now)).collect();
    let low: Vec<_> = (0..20).filter(|turn| next[*turn] == "low").collect();
    assert_eq!(low, [8, 17], "the eighth of its turns apart, as always");
}

#[test]
fn items_past_their_deadline_are_not_served_and_cost_nobody_a_turn() {
    let now = Instant::now();
    let later = now + Duration::from_secs(5);
    let mut queue = Queue::new(3);
    let early = queue.push(1, Normal, later, "early", now).unwrap();
    push(&mut queue, 1, Normal, "late", now);
    queue.push(2, Normal, later, "other", now).unwrap();
    assert_eq!(queue.push(2, Normal, later, "more", now), Err(Full));
    assert_eq!(queue.position(early), Some(0));

    let mut expired = queue.expire(later);
    expired.sort_unstable();
    assert_eq!(expired, ["early", "other"]);
    assert_eq!((queue.position(early), queue.remove(early), queue.len()), (None, None, 1));
    assert_eq!(queue.pop(later), Some("late"));
    assert_eq!(queue.pop(later), None);

    queue.push(1, Normal, later, "gone", now).unwrap();
    assert_eq!((queue.pop(later), queue.len()), (None, 0), "popping passes over it too");
}

#[test]
fn a_flood_makes_room_for_those_who_ask_for_little() {
    fn crowd_in(
        queue: &mut Queue<&'static str>,
        (owner, priority, item): (u64, Priority, &'static str),
        now: Instant,
    ) -> Option<&'static str> {
        assert_eq!(queue.push(owner, priority, now + WAIT, item, now), Err(Full));
        let refused = queue.make_room(owner, priority)?;
        push(queue, owner, priority, item, now);
        Some(refused)
    }
    let now = Instant::now();
    let mut queue = Queue::new(5);
    for item in ["a1", "a2", "a3", "a4", "a5"] {
        push(&mut queue, 1, Normal, item, now);
    }
    assert_eq!(crowd_in(&mut queue, (1, Normal, "a6"), now), None);
    assert_eq!(crowd_in(&mut queue, (2, Low, "b1"), now), Some("a5"));
    assert_eq!(crowd_in(&mut queue, (3, Normal, "c1"), now), Some("a4"));
    // Three of the first owner: another one may have two, and not three.
    assert_eq!(crowd_in(&mut queue, (2, Low, "b2"), now), Some("a3"));
    assert_eq!(crowd_in(&mut queue, (2, Low, "b3"), now), None);
    let mut served = pop_all(&mut queue, now);
    served.sort_unstable();
    assert_eq!(served, ["a1", "a2", "b1", "b2", "c1"]);
}

#[test]
fn a_smaller_capacity_lets_those_there_wait_on_and_none_in() {
    let now = Instant::now();
    let mut queue = Queue::new(3);
    for item in ["a1", "a2", "a3"] {
        push(&mut queue, 1, Normal, item, now);
    }
    queue.configure(1);
    assert_eq!(queue.push(1, Normal, now + WAIT, "a4", now), Err(Full));
    assert_eq!(pop_all(&mut queue, now), ["a1", "a2", "a3"]);
    queue.configure(0);
    assert_eq!(queue.push(1, Normal, now + WAIT, "a5", now), Err(Full));
}

#[derive(Clone, Debug)]
enum Step {
    Push { owner: u64, priority: Priority, wait: u64 },
    Pop,
    Remove(prop::sample::Index),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let push = (0_u64..5, prop::sample::select(Priority::ALL.to_vec()), 1_u64..60)
        .prop_map(|(owner, priority, wait)| Step::Push { owner, priority, wait });
    prop_oneof![
        6 => push,
        2 => Just(Step::Pop),
        1 => any::<prop::sample::Index>().prop_map(Step::Remove),
        1 => (0_u64..10).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever happened before: the positions that the queue tells are the order in which it then
    /// serves, nothing is lost or served twice, and nothing is left behind in its indexes.
    #[test]
    fn positions_are_the_order_of_service(steps in prop::collection::vec(step(), 1..150)) {
        const CAPACITY: usize = 40;
        let mut now = Instant::now();
        let mut queue = Queue::new(CAPACITY);
        let mut tickets: Vec<Ticket> = Vec::new();
        for step in steps {
            match step {
                Step::Push { owner, priority, wait } => {
                    let deadline = now + Duration::from_secs(wait);
                    // Items are the numbers of their tickets.
                    let number = tickets.len();
                    let mut pushed = queue.push(owner, priority, deadline, number, now);
                    if pushed.is_err() && queue.make_room(owner, priority).is_some() {
                        pushed = queue.push(owner, priority, deadline, number, now);
                        prop_assert!(pushed.is_ok() || queue.len() >= CAPACITY);
                    }
                    tickets.extend(pushed.ok());
                }
                Step::Pop => drop(queue.pop(now)),
                Step::Remove(index) => if !tickets.is_empty() {
                    let number = index.index(tickets.len());
                    let there = queue.position(tickets[number]).is_some();
                    prop_assert_eq!(queue.remove(tickets[number]).is_some(), there);
                },
                Step::Wait(seconds) => now += Duration::from_secs(seconds),
            }
            prop_assert!(queue.len() <= CAPACITY);
        }
        drop(queue.expire(now));
        let mut expected: Vec<(usize, usize)> = tickets
            .iter()
            .enumerate()
            .filter_map(|(number, ticket)| Some((queue.position(*ticket)?, number)))
            .collect();
        expected.sort_unstable();
        let expected: Vec<_> = expected.into_iter().map(|(_, number)| number).collect();
        prop_assert_eq!(queue.len(), expected.len());
        prop_assert_eq!(pop_all(&mut queue, now), expected);
        prop_assert!(queue.deadlines.is_empty() && queue.lengths.is_empty());
        prop_assert!(queue.standings().iter().all(|standing| standing.length == 0));
    }

    /// One request of an owner waits for at most one request of each other owner of its class, and
    /// a class with weight w waits for at most as many turns as the others' weights allow.
    #[test]
    fn a_single_request_waits_for_one_turn_of_each_other_owner(
        others in prop::collection::vec((1_usize..15, 0_usize..15), 1..8),
        priority in prop::sample::select(Priority::ALL.to_vec()),
    ) {
        let now = Instant::now();
        let mut queue = Queue::new(10_000);
        for (owner, (before, _)) in others.iter().enumerate() {
            for _ in 0..*before {
                queue.push(owner as u64, priority, now + WAIT, false, now).unwrap();
            }
        }
        let single = queue.push(99, priority, now + WAIT, true, now).unwrap();
        for (owner, (_, after)) in others.iter().enumerate() {
            for _ in 0..*after {
                queue.push(owner as u64, priority, now + WAIT, false, now).unwrap();
            }
        }
        prop_assert_eq!(queue.position(single), Some(others.len()));

        // With floods in the two other classes it waits for their share of the turns besides.
        for other in Priority::ALL.into_iter().filter(|other| *other != priority) {
            for _ in 0..200 {
                queue.push(50, other, now + WAIT, false, now).unwrap();
            }
        }
        let turns = others.len() as u64 + 1;
        let all: u64 = Priority::ALL.iter().map(|class| class.weight()).sum();
        let bound = (turns * all).div_ceil(priority.weight()) + 2;
        prop_assert!(queue.position(single).unwrap() as u64 <= bound);
    }
}
