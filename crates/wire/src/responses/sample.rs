//! What the tests of these modules share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use transom_core::clock::Timestamp;
use transom_core::event::{Delta, Event, Finish, ItemHead, ItemIndex};
use transom_core::failure::Failure;
use transom_core::id::{IdSource, ResponseId};
use transom_core::item::ItemStatus;
use transom_core::tool::ToolName;
use transom_testkit::exchanges;

use super::encode::{Encoder, Finished};
use super::item::InputItem;
use super::request::{Begin, Delivery, Past, Turn, parse};

/// Ids that count from 1.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl IdSource for Counter {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// 2026-01-01T00:00:00Z and one minute later.
pub(super) const BEGINNING: Timestamp = Timestamp::from_millis(1_767_225_600_000);
pub(super) const END: Timestamp = Timestamp::from_millis(1_767_225_660_000);

/// A request joined with its past.
pub(crate) fn resolve(body: &str, past: Past) -> Result<Turn, Failure> {
    let ids = Counter::default();
    let begin =
        Begin { id: ResponseId::fresh(&ids), created_at: BEGINNING, conversation: None, ids: &ids };
    let request = parse(body.as_bytes())?;
    let new = request.input.iter().filter_map(InputItem::as_new).cloned().collect();
    request.resolve(past, new, begin)
}

/// An encoder for the answer to a request.
pub(super) fn encoder(body: &str, delivery: Delivery) -> Encoder {
    let turn = resolve(body, Past::default()).unwrap();
    let seal = |thoughts: &[String]| format!("sealed {}", thoughts.concat().len());
    Encoder::new(turn.head, Arc::new(Counter::default()), delivery).with_seal(Box::new(seal))
}

/// The whole stream of an answer, and how it ended.
pub(super) fn stream(body: &str, events: &[Event], finish: Finish) -> (Vec<u8>, Finished) {
    let mut encoder = encoder(body, Delivery::Stream);
    let mut out = BytesMut::new();
    encoder.begin(&mut out);
    for event in events {
        encoder.event(event, &mut out).unwrap();
    }
    let finished = encoder.finish(finish, END, &mut out);
    encoder.terminal(&finished, &mut out);
    exchanges::note_stream(&out);
    (out.to_vec(), finished)
}

pub(super) fn began(item: u32, head: ItemHead) -> Event {
    Event::ItemBegan { item: ItemIndex(item), head }
}

pub(super) fn call(item: u32, call_id: &str, name: &str) -> Event {
    let head = ItemHead::FunctionCall { call_id: call_id.to_owned(), tool: ToolName::plain(name) };
    began(item, head)
}

pub(super) fn text(item: u32, text: &str) -> Event {
    delta(item, Delta::Text { text: text.to_owned(), logprobs: Vec::new() })
}

pub(super) fn delta(item: u32, delta: Delta) -> Event {
    Event::Delta { item: ItemIndex(item), delta }
}

pub(super) fn done(item: u32) -> Event {
    Event::ItemDone { item: ItemIndex(item), status: ItemStatus::Completed }
}
