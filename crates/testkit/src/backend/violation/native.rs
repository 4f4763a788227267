//! Rules for vLLM's own responses: the schema that a running server publishes at `/openapi.json`, and what
//! a gateway that keeps the conversation itself must not leave to the server.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Findings;
use super::body::is_name;

/// Part types that vLLM accepts in what it is told.
const PARTS: [&str; 3] = ["input_text", "input_image", "input_file"];

pub(super) fn check(body: &Map<String, Value>, findings: &mut Findings) {
    findings.check(body.get("stream") == Some(&Value::Bool(true)), || {
        "`stream` is not true: the gateway reads streams".to_owned()
    });
    findings.check(body.get("store") == Some(&Value::Bool(false)), || {
        "`store` is not false: the conversation is the gateway's".to_owned()
    });
    for field in ["previous_response_id", "previous_input_messages", "prompt", "background"] {
        findings.check(!body.contains_key(field), || {
            format!("`{field}`: the conversation is the gateway's")
        });
    }
    tools(body, findings);
    match body.get("input") {
        Some(Value::Array(items)) => {
            findings.check(!items.is_empty(), || "`input` is empty".to_owned());
            conversation(items, findings);
        }
        Some(other) => findings.add(format!("`input` is {other}, not an array")),
        None => {}
    }
}

fn tools(body: &Map<String, Value>, findings: &mut Findings) {
    let mut names = HashSet::new();
    let tools = body.get("tools").and_then(Value::as_array);
    findings
        .check(body.get("tools").is_none() || tools.is_some_and(|tools| !tools.is_empty()), || {
            "`tools` is not a non-empty array".to_owned()
        });
    for (at, tool) in tools.into_iter().flatten().enumerate() {
        let name = tool["name"].as_str().unwrap_or_default();
        findings.check(tool["type"] == "function", || {
            format!("`tools[{at}].type` is {}, which vLLM accepts and never calls", tool["type"])
        });
        findings.check(is_name(name), || {
            format!("`tools[{at}].name` {name:?} is not ^[A-Za-z0-9_-]{{1,64}}$")
        });
        findings.check(names.insert(name), || format!("two tools are named {name:?}"));
        let parameters = &tool["parameters"];
        findings.check(parameters.is_object() || parameters.is_null(), || {
            format!("`tools[{at}].parameters` is not an object")
        });
    }
    match body.get("tool_choice") {
        None => {}
        Some(_) if tools.is_none() => findings.add("`tool_choice` without `tools`"),
        Some(Value::String(mode)) => {
            let known = ["none", "auto", "required"].contains(&mode.as_str());
            findings.check(known, || format!("`tool_choice` is {mode:?}"));
        }
        Some(choice) => {
            let name = choice["name"].as_str().unwrap_or_default();
            findings.check(choice["type"] == "function" && names.contains(name), || {
                format!("`tool_choice` {choice} names no declared function")
            });
        }
    }
}

fn conversation(items: &[Value], findings: &mut Findings) {
    let (mut seen, mut open) = (HashSet::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        match item["type"].as_str().unwrap_or_default() {
            "message" => message(at, item, findings),
            "reasoning" => {
                let text = item["content"][0]["text"].is_string();
                let known = item["id"].is_string() && item["summary"].is_array() && text;
                findings.check(known, || format!("item {at}: {item} is no reasoning item"));
            }
            "function_call" => {
                let id = item["call_id"].as_str().unwrap_or_default();
                findings.check(!id.is_empty() && seen.insert(id), || {
                    format!("item {at}: call id {id:?} is empty or used twice")
                });
                let name = item["name"].as_str().unwrap_or_default();
                findings.check(is_name(name), || format!("item {at}: tool name {name:?}"));
                let arguments = item["arguments"].as_str();
                let parses = |text: &str| serde_json::from_str::<Value>(text).is_ok();
                findings.check(arguments.is_some_and(parses), || {
                    format!("item {at}: arguments of call {id:?} are not JSON in a string")
                });
                open.push(id);
            }
            "function_call_output" => {
                let id = item["call_id"].as_str().unwrap_or_default();
                match open.iter().position(|call| *call == id) {
                    Some(call) => {
                        open.remove(call);
                    }
                    None => findings.add(format!("item {at}: answers {id:?}, no open call")),
                }
                content(at, &item["output"], findings);
            }
            _ => findings.add(format!("item {at}: unknown type {}", item["type"])),
        }
    }
    findings.check(open.is_empty(), || format!("calls without answer: {open:?}"));
}

fn message(at: usize, item: &Value, findings: &mut Findings) {
    match item["role"].as_str().unwrap_or_default() {
        "user" | "system" => content(at, &item["content"], findings),
        "assistant" => {
            let part = &item["content"][0];
            let text = part["type"] == "output_text" && part["text"].is_string();
            // The form that both vLLM and llama.cpp read.
            let whole = item["id"].is_string() && item["status"] == "completed";
            findings.check(whole && text && part["annotations"].is_array(), || {
                format!("item {at}: {item} is no message of the model")
            });
        }
        _ => findings.add(format!("item {at}: unknown role {}", item["role"])),
    }
}

fn content(at: usize, content: &Value, findings: &mut Findings) {
    match content {
        Value::String(_) => {}
        Value::Array(parts) => {
            for part in parts {
                let known = part["type"].as_str().is_some_and(|kind| PARTS.contains(&kind));
                findings.check(known, || format!("item {at}: part type {}", part["type"]));
                let detailed = part["type"] != "input_image" || part["detail"].is_string();
                findings.check(detailed, || format!("item {at}: a picture without `detail`"));
            }
        }
        other => findings.add(format!("item {at}: content is {other}")),
    }
}
