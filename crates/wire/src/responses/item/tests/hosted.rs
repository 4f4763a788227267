//! Hosted items: one of each kind, as OpenAI's schema has them.

use serde_json::Value;
use transom_core::Json;
use transom_core::item::{HostedKind, Item};

use super::super::{from_stored, to_stored};
use super::required::read;
use crate::responses::sample::Counter;

/// One item of each kind; whatever their fields, they are to come back as they were.
pub(super) const ITEMS: &str = include_str!("hosted.jsonl");

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

/// What has more than one form, beside those above.
#[test]
fn the_other_forms_of_items_are_shown_in_the_schema_too() {
    for (sent, shown) in [
        // The tests of the schema name them; here they only have to pass unchanged.
        (
            r#"{"type":"web_search_call","id":"a","status":"completed","action":{"type":"open_page","url":null}}"#,
            None,
        ),
        (
            r#"{"type":"web_search_call","id":"a","status":"failed","action":{"type":"find_in_page","url":"u","pattern":"p"}}"#,
            None,
        ),
        (
            r#"{"type":"code_interpreter_call","id":"a","status":"completed","container_id":"c","code":null,"outputs":[{"type":"image","url":"u"}]}"#,
            None,
        ),
        (
            r#"{"type":"computer_call","id":"a","call_id":"c","actions":[{"type":"click","button":"left","x":1,"y":-2},{"type":"drag","path":[{"x":1,"y":2}]}],"pending_safety_checks":[{"id":"s","code":null}],"status":"completed"}"#,
            None,
        ),
        (
            r#"{"type":"computer_call","id":"a","call_id":"c","action":{"type":"double_click","x":1,"y":2}}"#,
            Some(
                r#"{"id":"a","type":"computer_call","call_id":"c","action":{"type":"double_click","x":1,"y":2,"keys":null},"pending_safety_checks":[],"status":"completed"}"#,
            ),
        ),
        (
            r#"{"type":"local_shell_call_output","id":"call_1","output":"x"}"#,
            Some(
                r#"{"id":"call_1","type":"local_shell_call_output","output":"x","call_id":"call_1"}"#,
            ),
        ),
        (
            r#"{"type":"local_shell_call","id":"a","call_id":"c","action":{"command":["ls"],"env":null}}"#,
            Some(
                r#"{"id":"a","type":"local_shell_call","call_id":"c","action":{"command":["ls"],"type":"exec","env":{}},"status":"completed"}"#,
            ),
        ),
        (
            r#"{"type":"tool_search_output","id":"a","tools":[{"type":"function","name":"f"}]}"#,
            Some(
                r#"{"id":"a","type":"tool_search_output","tools":[{"type":"function","name":"f","parameters":null,"strict":null}],"call_id":null,"status":"completed","execution":"server"}"#,
            ),
        ),
        (
            r#"{"type":"shell_call","id":"a","call_id":"c","action":{"commands":["ls"]},"environment":{"type":"local"}}"#,
            Some(
                r#"{"id":"a","type":"shell_call","call_id":"c","action":{"commands":["ls"],"timeout_ms":null,"max_output_length":null},"environment":{"type":"local"},"status":"completed"}"#,
            ),
        ),
    ] {
        let sent: Value = serde_json::from_str(sent).unwrap();
        let expected =
            shown.map_or_else(|| sent.clone(), |json| serde_json::from_str(json).unwrap());
        assert_eq!(read(&sent), Ok(expected));
    }
}
