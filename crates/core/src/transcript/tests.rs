use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Transcript, Violation};
use crate::content::Part;
use crate::event::{Delta, Event, Finish, ItemHead, ItemIndex};
use crate::id::IdSource;
use crate::item::{Item, ItemStatus};

struct Counter(AtomicU64);

impl IdSource for Counter {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn transcript() -> Transcript {
    Transcript::new(Arc::new(Counter(AtomicU64::new(1))))
}

fn text(item: u32, text: &str) -> Event {
    let delta = Delta::Text { text: text.to_owned(), logprobs: Vec::new() };
    Event::Delta { item: ItemIndex(item), delta }
}

#[test]
fn deltas_become_one_item_with_one_part_of_each_kind() {
    let mut transcript = transcript();
    let refusal = Event::Delta { item: ItemIndex(0), delta: Delta::Refusal("no".to_owned()) };
    let began = Event::ItemBegan { item: ItemIndex(0), head: ItemHead::Message };
    let done = Event::ItemDone { item: ItemIndex(0), status: ItemStatus::Completed };
    for event in [began, text(0, "a"), refusal, text(0, "b"), done] {
        transcript.apply(&event).unwrap();
    }
    let Item::Message(message) = &transcript.entries()[0].item else { panic!("a message") };
    assert_eq!(message.status, ItemStatus::Completed);
    let [Part::Text(said), Part::Refusal(refused)] = message.content.as_slice() else {
        panic!("two parts: {:?}", message.content)
    };
    assert_eq!((said.text.as_str(), refused.as_str()), ("ab", "no"));
    assert_eq!(transcript.entries()[0].id.as_str(), "msg_00000000000000000000000000000001");
}

#[test]
fn a_stream_that_breaks_the_rules_is_refused() {
    let mut transcript = transcript();
    assert_eq!(transcript.apply(&text(0, "early")), Err(Violation::NotOpen));
    let skipped = Event::ItemBegan { item: ItemIndex(1), head: ItemHead::Message };
    assert_eq!(transcript.apply(&skipped), Err(Violation::OutOfTurn));
    let began = Event::ItemBegan { item: ItemIndex(0), head: ItemHead::Reasoning };
    transcript.apply(&began).unwrap();
    assert_eq!(transcript.apply(&text(0, "not a thought")), Err(Violation::WrongKind));
    transcript.apply(&Event::Finished(Finish::Stop)).unwrap();
    assert_eq!(transcript.apply(&Event::Finished(Finish::Stop)), Err(Violation::AfterEnd));
}
