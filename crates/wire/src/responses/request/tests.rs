use std::fmt::Write as _;

use transom_core::Json;
use transom_core::failure::Failure;
use transom_core::id::ItemId;
use transom_core::item::{Item, Role};
use transom_testkit::shared;

use super::{Delivery, FIELDS, MAX_EXTRA, Past, parse};
use crate::responses::item::{MAX_REFERENCES, from_stored};
use crate::responses::sample::resolve;

mod refused;

/// Every optional field that the official SDKs may send as null.
fn nulls() -> String {
    let optional = FIELDS.iter().filter(|field| !["model", "input"].contains(&field.name));
    optional.fold(String::new(), |mut body, field| {
        write!(body, r#","{}":null"#, field.name).unwrap();
        body
    })
}

#[test]
fn null_is_accepted_wherever_a_field_may_be_left_out() {
    let deep = r#"[{"type":"message","role":"user","id":null,"status":null,"content":[
        {"type":"input_image","image_url":"data:image/png;base64,AA==","file_id":null,"detail":null}]},
        {"type":"reasoning","id":null,"summary":null,"content":null,"encrypted_content":null,"status":null},
        {"type":"function_call","id":null,"call_id":"c","name":"f","arguments":"{}","status":null},
        {"type":"function_call_output","id":null,"call_id":"c","output":"1","status":null}]"#;
    let body = format!(r#"{{"model":"m","input":{deep}{}}}"#, nulls());
    let request = parse(body.as_bytes()).unwrap();
    assert_eq!(request.input.len(), 4);
    assert!(request.extra.is_empty());
    assert_eq!((request.store, request.delivery), (true, Delivery::Whole));
    for inner in [
        r#""reasoning":{"effort":null,"summary":null,"generate_summary":null}"#,
        r#""text":{"format":null,"verbosity":null}"#,
        r#""stream_options":{"include_obfuscation":null}"#,
        r#""tools":[{"type":"function","name":"f","description":null,"parameters":null,"strict":null}]"#,
        r#""input":null,"previous_response_id":"resp_1""#,
    ] {
        let input = if inner.contains("input") { "" } else { r#""input":"x","# };
        parse(format!(r#"{{"model":"m",{input}{inner}}}"#).as_bytes()).unwrap();
    }
}

#[test]
fn an_item_with_nothing_but_an_id_is_a_reference() {
    let body = r#"{"model":"m","input":[
        {"type":"item_reference","id":"a"},{"type":null,"id":"b"},{"id":"c"},
        {"type":"item_reference","id":"d","status":"completed"},
        {"role":"user","content":"x","id":"e"}]}"#;
    let input = parse(body.as_bytes()).unwrap().input;
    let ids: Vec<_> =
        input.iter().map(|item| item.reference().map_or("new", ItemId::as_str)).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "new"]);
    // In a stored row it is nothing.
    assert!(from_stored(&serde_json::from_str::<Json>(r#"{"id":"a"}"#).unwrap()).is_err());
    let many = |count: usize| {
        let list: Vec<_> = (0..count).map(|at| format!(r#"{{"id":"msg_{at}"}}"#)).collect();
        parse(format!(r#"{{"model":"m","input":[{}]}}"#, list.join(",")).as_bytes())
    };
    assert_eq!(many(MAX_REFERENCES).unwrap().input.len(), MAX_REFERENCES);
    let refusal = many(MAX_REFERENCES + 1).unwrap_err().public();
    assert_eq!((refusal.param.as_deref(), &*refusal.code), (Some("input"), "invalid_value"));
}

#[test]
fn unknown_fields_go_on_as_they_came() {
    let body = br#"{"model":"m","input":"x","top_k":20, "chat_template_kwargs": {"b": 1, "a":2},
        "stop":null}"#;
    let extra = parse(body).unwrap().extra;
    let extra: Vec<_> = extra.iter().map(|(name, json)| (name.as_str(), json.get())).collect();
    let kwargs = r#"{"b": 1, "a":2}"#;
    assert_eq!(extra, [("top_k", "20"), ("chat_template_kwargs", kwargs), ("stop", "null")]);
}

#[test]
fn unknown_fields_are_bounded() {
    let fields = (0..=MAX_EXTRA).fold(String::new(), |mut body, index| {
        write!(body, r#","x{index}":1"#).unwrap();
        body
    });
    let body = format!(r#"{{"model":"m","input":"x"{fields}}}"#);
    assert!(matches!(parse(body.as_bytes()), Err(Failure::Invalid(_))));
}

#[test]
fn messages_come_in_every_form_clients_use() {
    let body = r#"{"model":"m","instructions":"be brief","input":[
        {"role":"system","content":[{"type":"input_text","text":"s"}]},
        {"role":"user","content":"u"},
        {"role":"assistant","content":"a"},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},
        {"type":"message","role":"assistant","content":[{"type":"input_text","text":"c"}]}]}"#;
    let turn = resolve(body, Past::default()).unwrap();
    let roles: Vec<_> = turn
        .generation
        .input
        .iter()
        .map(|item| match item {
            Item::Message(message) => message.role,
            other => panic!("a message: {other:?}"),
        })
        .collect();
    let assistant = Role::Assistant;
    assert_eq!(roles, [Role::System, Role::User, assistant, assistant, assistant]);
    let ids: Vec<_> = turn.input.iter().map(|item| item.id.as_str()).collect();
    assert!(ids.iter().all(|id| id.starts_with("msg_")), "{ids:?}");
    insta::assert_snapshot!(turn.input[3].json.get());
}

#[test]
fn log_probabilities_are_on_when_asked_for_in_either_way() {
    let cases = [
        ("", None),
        (r#","top_logprobs":0"#, None),
        (r#","top_logprobs":3"#, Some(3)),
        (r#","include":["message.output_text.logprobs"]"#, Some(0)),
        (r#","include":["message.output_text.logprobs"],"top_logprobs":2"#, Some(2)),
        (r#","include":["reasoning.encrypted_content"]"#, None),
        (r#","include":["reasoning.encrypted_content","message.output_text.logprobs"]"#, Some(0)),
    ];
    for (fields, expected) in cases {
        let body = format!(r#"{{"model":"m","input":"x"{fields}}}"#);
        let settings = parse(body.as_bytes()).unwrap().settings;
        assert_eq!(settings.sampling.top_logprobs, expected, "{fields}");
        assert_eq!(settings.seal_thoughts, fields.contains("encrypted"), "{fields}");
    }
}

/// What Codex sends is taken as it is, but for a search in the web, which it offers where it runs
/// without a sandbox.
#[test]
fn requests_of_codex_are_understood() {
    for name in ["text-001", "tool-001", "tool-002", "builtin-008", "compact-002", "compact-003"] {
        let Some(folder) = shared::path() else { return };
        let file = folder.join(format!("recordings/clients/codex-{name}.json"));
        let mut recorded: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let body = &mut recorded["body"];
        for at in 0..body["tools"].as_array().map_or(0, Vec::len) {
            if body["tools"][at]["external_web_access"] == true {
                let refusal = parse(body.to_string().as_bytes()).unwrap_err().public();
                assert_eq!(refusal.param, Some(format!("tools[{at}].type")), "{name}");
                body["tools"][at]["external_web_access"] = false.into();
            }
        }
        let turn = resolve(&body.to_string(), Past::default()).unwrap();
        let declared = body["tools"].as_array().map_or(0, Vec::len);
        assert_eq!(turn.generation.tools.len(), declared, "{name}");
        assert!(!turn.head.store && turn.generation.extra.is_empty());
        for (sent, kept) in body["input"].as_array().unwrap().iter().zip(&turn.input) {
            assert!(sent["id"].is_null() || sent["id"] == kept.id, "{name}: {}", kept.id);
        }
    }
}
