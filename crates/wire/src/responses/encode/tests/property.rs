use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use transom_core::event::{Delta, Event, Finish, ItemHead};
use transom_core::tool::ToolName;
use transom_testkit::sse;

use super::PLAIN;
use crate::responses::sample::{began, delta, done, stream};

/// An item with its deltas, and whether its end is told or left to the end of the answer.
fn item() -> impl Strategy<Value = (ItemHead, Vec<Delta>, bool)> {
    let text = any::<String>().prop_map(|text| Delta::Text { text, logprobs: Vec::new() }).boxed();
    let said = prop_oneof![3 => text, 1 => any::<String>().prop_map(Delta::Refusal)];
    let tool = || ToolName { namespace: Some("n".to_owned()), name: "f".to_owned() };
    let head = move |call_id: String| ItemHead::FunctionCall { call_id, tool: tool() };
    let custom = move |call_id: String| ItemHead::CustomToolCall { call_id, tool: tool() };
    prop_oneof![
        (Just(ItemHead::Message), vec(said, 0..5), any::<bool>()),
        (
            Just(ItemHead::Reasoning),
            vec(any::<String>().prop_map(Delta::Reasoning), 0..5),
            any::<bool>()
        ),
        (
            "call_[0-9]".prop_map(head),
            vec(any::<String>().prop_map(Delta::Arguments), 0..5),
            any::<bool>()
        ),
        (
            "call_[0-9]".prop_map(custom),
            vec(any::<String>().prop_map(Delta::Input), 0..5),
            any::<bool>()
        ),
    ]
}

fn events(items: Vec<(ItemHead, Vec<Delta>, bool)>) -> Vec<Event> {
    let mut events = Vec::new();
    let mut late = Vec::new();
    for (index, (head, deltas, ends)) in (0..).zip(items) {
        events.push(began(index, head));
        let at = if ends { deltas.len() } else { deltas.len() / 2 };
        for (place, piece) in deltas.into_iter().enumerate() {
            let list = if place < at { &mut events } else { &mut late };
            list.push(delta(index, piece));
        }
        if ends {
            events.push(done(index));
        }
    }
    events.append(&mut late);
    events
}

fn finish() -> impl Strategy<Value = Finish> {
    use Finish::{ContentFilter, Length, Stop, ToolCalls};
    prop_oneof![Just(Stop), Just(ToolCalls), Just(Length), Just(ContentFilter)]
}

/// What a client that only adds up deltas knows.
#[derive(Default)]
struct Client {
    /// Ids of items in the order in which they began.
    begun: Vec<String>,
    /// Ids of items in the order in which they ended.
    ended: Vec<String>,
    /// Added-up deltas by item and part.
    sums: HashMap<(String, u64), String>,
    /// The texts of `.done` events, likewise.
    done: HashMap<(String, u64), String>,
    /// Parts that have begun and not ended.
    open: Vec<(String, u64)>,
    terminal: Option<Value>,
}

impl Client {
    fn take(&mut self, kind: &str, data: &Value) {
        assert!(self.terminal.is_none(), "{kind} after the end");
        let id = data["item_id"].as_str().unwrap_or_default().to_owned();
        let key = (id.clone(), data["content_index"].as_u64().unwrap_or(0));
        if !id.is_empty() {
            let at = usize::try_from(data["output_index"].as_u64().unwrap()).unwrap();
            assert_eq!(self.begun[at], id, "{kind}");
            assert!(!self.ended.contains(&id), "{kind} for an item that is done");
        }
        let part = |name: &str| data["part"][name].as_str().map(str::to_owned);
        match kind {
            "response.output_item.added" => self.begun.push(item_id(data)),
            "response.output_item.done" => self.ended.push(item_id(data)),
            "response.content_part.added" => self.open.push(key),
            "response.content_part.done" => {
                let text = part("text").or_else(|| part("refusal"));
                assert_eq!(text, self.done.get(&key).cloned());
                self.open.retain(|open| *open != key);
            }
            "response.completed" | "response.incomplete" => {
                self.terminal = Some(data["response"].clone());
            }
            _ if data["delta"].is_string() => {
                let known = self.open.contains(&key)
                    || kind.contains("arguments")
                    || kind.contains("input");
                assert!(known, "a delta before its part");
                self.sums.entry(key).or_default().push_str(data["delta"].as_str().unwrap());
            }
            _ if !id.is_empty() => {
                let text = ["text", "refusal", "arguments", "input"]
                    .iter()
                    .find_map(|name| data[*name].as_str());
                let sum = self.sums.get(&key).cloned().unwrap_or_default();
                assert_eq!(text.unwrap(), sum, "{kind}");
                self.done.insert(key, sum);
            }
            _ => assert!(["response.created", "response.in_progress"].contains(&kind), "{kind}"),
        }
    }

    fn check_end(&self) {
        assert!(self.open.is_empty());
        let mut ended = self.ended.clone();
        ended.sort();
        let mut begun = self.begun.clone();
        begun.sort();
        assert_eq!(ended, begun);
        let output = self.terminal.as_ref().unwrap()["output"].as_array().unwrap();
        assert_eq!(output.len(), self.begun.len());
        for (item, id) in output.iter().zip(&self.begun) {
            assert_eq!(item["id"].as_str().unwrap(), id);
            assert_ne!(item["status"], "in_progress");
            let parts = item["content"].as_array().into_iter().flatten();
            for (at, part) in (0u64..).zip(parts) {
                let text = part["text"].as_str().or_else(|| part["refusal"].as_str()).unwrap();
                assert_eq!(text, self.done[&(id.clone(), at)]);
            }
            if let Some(arguments) = item["arguments"].as_str() {
                assert_eq!(arguments, self.done[&(id.clone(), 0)]);
            }
        }
    }
}

fn item_id(data: &Value) -> String {
    data["item"]["id"].as_str().unwrap().to_owned()
}

proptest! {
    /// Whatever the model answers, in whatever pieces and however interleaved, a client sees a
    /// well-formed stream whose deltas add up to the final object.
    #[test]
    fn every_stream_is_well_formed(items in vec(item(), 0..5), finish in finish()) {
        let (bytes, _) = stream(PLAIN, &events(items), finish);
        let mut events = sse::parse(&bytes);
        prop_assert_eq!(events.pop().map(|event| event.data), Some("[DONE]".to_owned()));
        let mut client = Client::default();
        for (number, event) in (0u64..).zip(&events) {
            let data = event.json();
            prop_assert_eq!(data["sequence_number"].as_u64(), Some(number));
            prop_assert_eq!(data["type"].as_str(), Some(event.event.as_str()));
            client.take(&event.event, &data);
        }
        client.check_end();
    }
}
