//! Hosted items: one of each kind, as OpenAI's schema has them.

use serde_json::Value;
use transom_core::Json;
use transom_core::item::{HostedKind, Item};

use super::super::{from_stored, to_stored};
use crate::responses::sample::Counter;

/// One item of each kind; whatever their fields, they are to come back as they were.
const ITEMS: &str = include_str!("hosted.jsonl");

#[test]
fn hosted_items_keep_every_field() {
    let mut kinds = Vec::new();
    for line in ITEMS.lines() {
        let given: Json = serde_json::from_str(line).unwrap();
        let mut item = from_stored(&given).unwrap();
        let Item::Hosted(hosted) = &item else { panic!("a hosted item: {line}") };
        kinds.push(hosted.kind);
        let stored = to_stored(&mut item, &Counter::default());
        let (mut sent, kept): (Value, Value) =
            (serde_json::from_str(line).unwrap(), serde_json::from_str(stored.json.get()).unwrap());
        let id = sent.as_object_mut().unwrap().entry("id").or_insert_with(|| kept["id"].clone());
        assert!(id.as_str().is_some_and(|id| !id.is_empty()), "{line}");
        assert_eq!(kept, sent);
        let again = to_stored(&mut from_stored(&stored.json).unwrap(), &Counter::default());
        assert_eq!(again.json.get(), stored.json.get());
    }
    assert_eq!(kinds, HostedKind::ALL, "one line for each kind, in their order");
}

/// OpenAI's schema lets clients leave out what it requires of an item that is shown.
#[test]
fn what_clients_may_leave_out_is_shown() {
    let sent = r#"{"type":"shell_call_output","id":"sho_1","call_id":"c","output":[]}"#;
    let mut item = from_stored(&serde_json::from_str::<Json>(sent).unwrap()).unwrap();
    let shown = to_stored(&mut item, &Counter::default());
    let expected = r#"{"id":"sho_1","type":"shell_call_output","call_id":"c","output":[],"status":"completed","max_output_length":null}"#;
    assert_eq!(shown.json.get(), expected);
}
