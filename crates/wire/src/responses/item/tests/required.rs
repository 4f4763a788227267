//! Every kind of item, with every required field missing and every value of a wrong type.

use serde_json::Value;
use transom_core::Json;

use super::super::{read_list, to_stored};
use super::hosted;
use crate::responses::path::Path;
use crate::responses::sample::Counter;

/// Items that are no hosted tool's.
const OWN: &str = r#"
{"type":"message","id":"i_1","status":"completed","role":"user","content":[{"type":"input_text","text":"x"}]}
{"type":"message","id":"i_1","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"x","annotations":[],"logprobs":[]}]}
{"type":"reasoning","id":"i_1","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"t"}],"status":"completed"}
{"type":"function_call","id":"i_1","call_id":"c","name":"f","arguments":"{}","status":"completed"}
{"type":"function_call_output","id":"i_1","call_id":"c","output":"x","status":"completed"}
{"type":"custom_tool_call","id":"i_1","call_id":"c","name":"f","input":"x","status":"completed"}
{"type":"custom_tool_call_output","id":"i_1","call_id":"c","output":"x","status":"completed"}
"#;

/// One item of each kind.
fn items() -> impl Iterator<Item = Value> {
    let lines = OWN.trim().lines().chain(hosted::ITEMS.lines());
    lines.map(|line| serde_json::from_str(line).unwrap())
}

/// What OpenAI's schema requires of each kind of item besides its type: what the model has to be
/// told is refused where it is missing, what only a server fills in is filled in.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("message", "role content", "id status"),
    ("message", "role content", "id status"),
    ("reasoning", "", "id summary"),
    ("function_call", "call_id name arguments", "id status"),
    ("function_call_output", "call_id output", "id status"),
    ("custom_tool_call", "call_id name input", "id status"),
    ("custom_tool_call_output", "call_id output", "id status"),
    ("web_search_call", "action", "id status"),
    ("file_search_call", "queries", "id status"),
    ("code_interpreter_call", "", "id status container_id code outputs"),
    ("image_generation_call", "", "id status result"),
    ("mcp_list_tools", "server_label tools", "id"),
    ("mcp_approval_request", "id server_label name arguments", ""),
    ("mcp_approval_response", "approval_request_id approve", "id"),
    ("mcp_call", "server_label name arguments", "id"),
    ("local_shell_call", "call_id action", "id status"),
    ("local_shell_call_output", "call_id output", "id"),
    ("shell_call", "call_id action", "id status environment"),
    ("shell_call_output", "call_id output", "id status max_output_length"),
    ("apply_patch_call", "call_id operation", "id status"),
    ("apply_patch_call_output", "call_id status", "id"),
    ("computer_call", "call_id action", "id status pending_safety_checks"),
    ("computer_call_output", "call_id output", "id status"),
    ("tool_search_call", "arguments", "id call_id execution status"),
    ("tool_search_output", "tools", "id call_id execution status"),
];

pub(super) fn read(item: &Value) -> Result<Value, (String, String)> {
    let json: Json = serde_json::from_str(&item.to_string()).unwrap();
    let list = [&*json];
    match read_list(&list, &Path::Root.field("input")) {
        Ok(items) => {
            let mut item = items[0].as_new().unwrap().clone();
            let shown = to_stored(&mut item, &Counter::default());
            Ok(serde_json::from_str(shown.json.get()).unwrap())
        }
        Err(failure) => {
            let public = failure.public();
            Err((public.code, public.param.unwrap_or_default()))
        }
    }
}

#[test]
fn every_required_field_that_is_missing_is_refused_or_filled_in() {
    for (item, (kind, refused, filled)) in items().zip(REQUIRED) {
        assert_eq!(item["type"], *kind);
        let without = |field: &str| {
            let mut item = item.clone();
            item.as_object_mut().unwrap().remove(field);
            (read(&item), {
                item[field] = Value::Null;
                read(&item)
            })
        };
        for field in refused.split_whitespace() {
            let missing =
                Err(("missing_required_parameter".to_owned(), format!("input[0].{field}")));
            assert_eq!(without(field), (missing.clone(), missing), "{kind}.{field}");
        }
        for field in filled.split_whitespace() {
            let (absent, null) = without(field);
            let (absent, null) = (absent.unwrap(), null.unwrap());
            assert!(absent.get(field).is_some(), "{kind}.{field}: {absent}");
            assert_eq!(absent, null, "{kind}.{field}");
            assert_eq!(read(&absent), Ok(absent), "what is shown can be sent back");
        }
    }
    assert_eq!(REQUIRED.len(), items().count());
}

/// Places within items that hold whatever a client likes.
const FREE: &[&str] = &["added_by", "input_schema.", "arguments.", "results[0].attributes."];

/// Every place in `value` below `path`, with a value of another type.
fn broken(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    let wrong = match value {
        Value::String(_) | Value::Array(_) => Value::Object(serde_json::Map::new()),
        Value::Null => Value::Bool(false),
        _ => Value::from("wrong"),
    };
    out.push((path.to_owned(), wrong));
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (format!("{path}.{k}"), v)).collect(),
        Value::Array(list) => {
            (0..).zip(list).map(|(i, v): (u32, _)| (format!("{path}[{i}]"), v)).collect()
        }
        _ => Vec::new(),
    };
    for (path, value) in below {
        broken(value, &path, out);
    }
}

/// `item` with another value at `path`.
fn with(item: &Value, path: &str, value: Value) -> Value {
    let pointer = path.replace(['.', '['], "/").replace(']', "");
    let mut item = item.clone();
    *item.pointer_mut(&pointer).unwrap() = value;
    item
}

#[test]
fn every_value_of_a_wrong_type_is_refused_with_its_place() {
    let mut tried = 0;
    for item in items() {
        let mut places = Vec::new();
        broken(&item, "", &mut places);
        for (path, wrong) in places.into_iter().skip(1) {
            let free = FREE.iter().any(|free| path.trim_start_matches('.').contains(free));
            if free || path == ".type" {
                continue;
            }
            let refused = read(&with(&item, &path, wrong)).expect_err(&path);
            assert_eq!(refused.1, format!("input[0]{path}"), "{item}");
            assert!(matches!(refused.0.as_str(), "invalid_type" | "invalid_value"), "{refused:?}");
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried} places");
}
