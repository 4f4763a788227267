//! One item of every kind, wrong in every field that it has to have.

use serde_json::Value;
use transom_core::item::HostedKind;

use crate::responses::request::parse;

/// The fields that an item of this type has to have, besides the type.
fn required(kind: &str) -> &'static [&'static str] {
    match kind {
        "message" => &["role", "content"],
        "function_call" => &["call_id", "name", "arguments"],
        "custom_tool_call" => &["call_id", "name", "input"],
        "function_call_output" | "custom_tool_call_output" => &["call_id", "output"],
        "item_reference" => &["id"],
        "file_search_call" => &["queries"],
        "mcp_list_tools" | "tool_search_output" => &["tools"],
        "mcp_call" => &["server_label", "name", "arguments"],
        "mcp_approval_request" => &["id", "server_label", "name", "arguments"],
        "mcp_approval_response" => &["approval_request_id", "approve"],
        "local_shell_call" | "shell_call" | "computer_call" => &["call_id", "action"],
        "apply_patch_call" => &["call_id", "operation"],
        "local_shell_call_output" | "shell_call_output" | "computer_call_output" => {
            &["call_id", "output"]
        }
        "apply_patch_call_output" => &["call_id", "status"],
        "tool_search_call" => &["arguments"],
        // Whatever else these have may be left out.
        "reasoning" | "web_search_call" | "code_interpreter_call" | "image_generation_call" => &[],
        other => panic!("no row for {other}"),
    }
}

/// Any JSON is right here.
const ANYTHING: &[(&str, &str)] = &[("tool_search_call", "arguments")];

const OTHERS: &str = r#"{"type":"message","role":"user","content":"x"}
{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]}
{"type":"reasoning","summary":[{"type":"summary_text","text":"x"}]}
{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}
{"type":"function_call_output","call_id":"c","output":"x"}
{"type":"custom_tool_call","call_id":"c","name":"f","input":"x"}
{"type":"custom_tool_call_output","call_id":"c","output":"x"}
{"type":"item_reference","id":"msg_1"}"#;

/// The field that is named when this item is sent; `None`: it is taken.
fn named(item: &Value) -> Option<String> {
    let body = format!(r#"{{"model":"m","input":[{item}]}}"#);
    let public = parse(body.as_bytes()).err()?.public();
    assert_eq!(public.status, 400, "{item}");
    Some(public.param.unwrap_or_default())
}

#[test]
fn every_required_field_of_every_kind_is_named_when_it_is_wrong() {
    let hosted = include_str!("hosted.jsonl");
    let mut kinds = 0;
    for line in OTHERS.lines().chain(hosted.lines()) {
        let whole: Value = serde_json::from_str(line).unwrap();
        assert_eq!(named(&whole), None, "{line}");
        kinds += 1;
        let kind = whole["type"].as_str().unwrap();
        for field in required(kind) {
            let expected = Some(format!("input[0].{field}"));
            let mut absent = whole.clone();
            absent.as_object_mut().unwrap().remove(*field);
            assert_eq!(named(&absent), expected, "{absent}");
            for wrong in [Value::Null, Value::from(7), Value::from("")] {
                // An empty text is a text, where no name is asked for.
                let text = ["arguments", "input", "output", "status"].contains(field)
                    && whole[*field].is_string();
                let may_be = wrong == "" && (text || *field == "content");
                let anything = ANYTHING.contains(&(kind, *field)) && !wrong.is_null();
                if may_be || anything {
                    continue;
                }
                let mut broken = whole.clone();
                broken[*field] = wrong;
                assert_eq!(named(&broken), expected, "{broken}");
            }
        }
        let mut broken = whole;
        broken["id"] = Value::from(7);
        assert_eq!(named(&broken).as_deref(), Some("input[0].id"), "{broken}");
    }
    assert_eq!(kinds, OTHERS.lines().count() + HostedKind::ALL.len());
}

#[test]
fn a_type_that_is_no_type_is_named() {
    for kind in [r#""abacus_call""#, r#""""#, "7", "[]", "{}", "true"] {
        let item: Value =
            serde_json::from_str(&format!(r#"{{"type":{kind},"role":"user","content":"x"}}"#))
                .unwrap();
        assert_eq!(named(&item).as_deref(), Some("input[0].type"), "{kind}");
    }
    for item in ["7", "\"x\"", "null", "[]", "true"] {
        let item: Value = serde_json::from_str(item).unwrap();
        assert_eq!(named(&item).as_deref(), Some("input[0]"), "{item}");
    }
}
