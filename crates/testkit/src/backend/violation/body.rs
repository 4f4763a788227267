//! Rules for the JSON body: known fields, value ranges, tools.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Findings, Rules, fields, messages, native};
use crate::backend::RESPONSES;

/// Longest tool name.
const MAX_NAME: usize = 64;

pub(super) fn check(
    path: &str,
    body: &Map<String, Value>,
    rules: &Rules<'_>,
    findings: &mut Findings,
) {
    let (known, required) = match path {
        RESPONSES => (fields::RESPONSES, ["input", "input"]),
        "/v1/completions" => (fields::COMPLETIONS, ["prompt", "prompt_embeds"]),
        "/v1/embeddings" => (fields::EMBEDDINGS, ["input", "messages"]),
        "/v1/rerank" => (fields::RERANK, ["query", "query"]),
        "/v1/score" => (fields::SCORE, ["text_1", "queries"]),
        _ => (fields::CHAT, ["messages", "messages"]),
    };
    for field in body.keys() {
        let fine = known.contains(&field.as_str()) || rules.allowed_fields.contains(field);
        findings.check(fine, || format!("unknown field `{field}`"));
    }
    let model = body.get("model").and_then(Value::as_str);
    findings.check(model.is_some_and(|model| !model.is_empty()), || {
        "`model` is not a non-empty string".to_owned()
    });
    findings.check(required.iter().any(|field| body.contains_key(*field)), || {
        format!("`{}` is missing", required[0])
    });
    values(body, findings);
    if path == RESPONSES {
        native::check(body, findings);
    }
    if path == "/v1/chat/completions" {
        tools(body, findings);
        match body.get("messages") {
            Some(Value::Array(list)) => messages::check(list, rules.system, findings),
            Some(_) => findings.add("`messages` is not an array"),
            None => {}
        }
    }
}

fn values(body: &Map<String, Value>, findings: &mut Findings) {
    let given = |field: &str| body.get(field).filter(|value| !value.is_null());
    let streams = match given("stream") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(other) => {
            findings.add(format!("`stream` is {other}, not a boolean"));
            false
        }
    };
    findings.check(streams || given("stream_options").is_none(), || {
        "`stream_options` without `stream: true`".to_owned()
    });
    let logprobs = given("logprobs").is_some_and(|value| *value != Value::Bool(false));
    let logprobs = logprobs || given("include").is_some();
    findings.check(logprobs || given("top_logprobs").is_none(), || {
        "`top_logprobs` without `logprobs`".to_owned()
    });
    let numbers = [
        ("temperature", 0.0, f64::MAX),
        ("top_p", f64::MIN_POSITIVE, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
        ("n", 1.0, f64::MAX),
        ("max_tokens", 1.0, f64::MAX),
        ("max_completion_tokens", 1.0, f64::MAX),
        ("max_output_tokens", 1.0, f64::MAX),
    ];
    for (field, least, most) in numbers {
        let Some(value) = given(field) else { continue };
        let fine = value.as_f64().is_some_and(|number| (least..=most).contains(&number));
        findings.check(fine, || format!("`{field}` is {value}, which vLLM refuses"));
    }
}

fn tools(body: &Map<String, Value>, findings: &mut Findings) {
    let tools = match body.get("tools") {
        None | Some(Value::Null) => None,
        Some(Value::Array(tools)) if !tools.is_empty() => Some(tools),
        Some(_) => {
            findings.add("`tools` is not a non-empty array");
            None
        }
    };
    let mut names = HashSet::new();
    for (at, tool) in tools.into_iter().flatten().enumerate() {
        let name = tool["function"]["name"].as_str().unwrap_or_default();
        findings.check(tool["type"] == "function", || {
            format!("`tools[{at}].type` is {}, not \"function\"", tool["type"])
        });
        findings.check(is_name(name), || {
            format!("`tools[{at}].function.name` {name:?} is not ^[A-Za-z0-9_-]{{1,64}}$")
        });
        findings.check(names.insert(name), || format!("two tools are named {name:?}"));
        let parameters = &tool["function"]["parameters"];
        findings.check(parameters.is_object() || parameters.is_null(), || {
            format!("`tools[{at}].function.parameters` is not an object")
        });
    }
    match body.get("tool_choice") {
        None | Some(Value::Null) => {}
        Some(Value::String(mode)) if mode == "none" => {}
        Some(_) if tools.is_none() => findings.add("`tool_choice` without `tools`"),
        Some(Value::String(mode)) => {
            let known = mode == "auto" || mode == "required";
            findings.check(known, || format!("`tool_choice` is {mode:?}"));
        }
        Some(choice) => {
            let name = choice["function"]["name"].as_str().unwrap_or_default();
            findings.check(choice["type"] == "function" && names.contains(name), || {
                format!("`tool_choice` {choice} names no declared function")
            });
        }
    }
}

/// Whether a tool name matches `^[A-Za-z0-9_-]{1,64}$`.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed)
}
