//! The fields that OpenAI's API reference requires of every object and every event.

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::sse::Event;

use crate::support::{RESPONSES, Talk, tool};

const RESPONSE: &[&str] = &[
    "created_at",
    "error",
    "id",
    "incomplete_details",
    "instructions",
    "metadata",
    "model",
    "object",
    "output",
    "parallel_tool_calls",
    "status",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "usage",
    "background",
    "completed_at",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "reasoning",
    "service_tier",
    "store",
    "top_logprobs",
    "truncation",
    "user",
    "presence_penalty",
    "frequency_penalty",
    "prompt_cache_key",
    "safety_identifier",
];

const USAGE: &[&str] = &[
    "input_tokens",
    "input_tokens_details",
    "output_tokens",
    "output_tokens_details",
    "total_tokens",
];

/// What an event has besides its type and its number.
fn of_event(name: &str) -> &'static [&'static str] {
    match name {
        "response.created"
        | "response.in_progress"
        | "response.completed"
        | "response.incomplete"
        | "response.failed" => &["response"],
        "response.output_item.added" | "response.output_item.done" => &["output_index", "item"],
        "response.content_part.added" | "response.content_part.done" => {
            &["item_id", "output_index", "content_index", "part"]
        }
        "response.output_text.delta" => {
            &["item_id", "output_index", "content_index", "delta", "logprobs"]
        }
        "response.output_text.done" => {
            &["item_id", "output_index", "content_index", "text", "logprobs"]
        }
        "response.output_text.annotation.added" => {
            &["item_id", "output_index", "content_index", "annotation_index", "annotation"]
        }
        "response.reasoning_text.delta" | "response.refusal.delta" => {
            &["item_id", "output_index", "content_index", "delta"]
        }
        "response.reasoning_text.done" => &["item_id", "output_index", "content_index", "text"],
        "response.refusal.done" => &["item_id", "output_index", "content_index", "refusal"],
        "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
            &["item_id", "output_index", "delta"]
        }
        "response.function_call_arguments.done" => {
            &["item_id", "output_index", "name", "arguments"]
        }
        "response.custom_tool_call_input.done" => &["item_id", "output_index", "input"],
        "error" => &["code", "message", "param"],
        other => panic!("an event that nobody knows: {other}"),
    }
}

fn of_item(item: &Value) -> &'static [&'static str] {
    match item["type"].as_str() {
        Some("message") => &["id", "type", "role", "content", "status"],
        Some("reasoning") => &["id", "type", "summary"],
        Some("function_call") => &["id", "type", "call_id", "name", "arguments", "status"],
        Some("custom_tool_call") => &["id", "type", "call_id", "name", "input", "status"],
        Some("function_call_output") => &["id", "type", "call_id", "output", "status"],
        _ => panic!("an item that nobody knows: {item}"),
    }
}

fn of_part(part: &Value) -> &'static [&'static str] {
    match part["type"].as_str() {
        Some("output_text") => &["type", "text", "annotations", "logprobs"],
        Some("refusal") => &["type", "refusal"],
        Some("reasoning_text" | "input_text") => &["type", "text"],
        _ => panic!("a part that nobody knows: {part}"),
    }
}

fn require(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(object.get(field).is_some(), "{field} is missing: {object}");
    }
}

fn check_item(item: &Value) {
    require(item, of_item(item));
    for part in item["content"].as_array().into_iter().flatten() {
        require(part, of_part(part));
    }
}

/// Fails unless a response has every field it must have.
pub(crate) fn check_response(response: &Value) {
    require(response, RESPONSE);
    assert_eq!(response["object"], "response");
    assert!(response["created_at"].is_i64() && response["metadata"].is_object());
    assert_eq!(response["completed_at"].is_i64(), response["status"] == "completed", "{response}");
    assert_eq!(response["incomplete_details"].is_object(), response["status"] == "incomplete");
    assert_eq!(response["error"].is_object(), response["status"] == "failed");
    if !response["usage"].is_null() {
        require(&response["usage"], USAGE);
    }
    response["output"].as_array().expect("output").iter().for_each(check_item);
}

/// Fails unless an event has every field it must have.
pub(crate) fn check_event(event: &Event) {
    let data = event.json();
    require(&data, &["type", "sequence_number"]);
    require(&data, of_event(&event.event));
    if data["item"].is_object() {
        check_item(&data["item"]);
    }
    if data["part"].is_object() {
        require(&data["part"], of_part(&data["part"]));
    }
    if data["response"].is_object() {
        check_response(&data["response"]);
    }
}

#[tokio::test]
async fn every_object_and_every_event_has_its_required_fields() {
    use transom_testkit::answer::Finish;
    let talk = Talk::start().await;
    let answers = [
        chat().reasoning("So it is").text("One two").tool_call("call_0", "weather", "{}"),
        chat().refusal("I cannot"),
        chat().tool_call("call_0", "patch", r#"{"input": "a b"}"#),
        chat().text("Half").finish(Finish::Length),
        chat().text("Half").finish(Finish::Missing),
    ];
    for answer in answers {
        talk.backend.answer(answer);
        let events = talk
            .stream(&format!(
                r#""input":"Go","top_logprobs":1,"tools":[{},{{"type":"custom","name":"patch"}}]"#,
                tool("weather")
            ))
            .await;
        events.iter().filter(|event| event.data != "[DONE]").for_each(check_event);
    }
    let input = r#""input":[{"role":"user","content":"Hi"},{"type":"reasoning","id":"rs_1","summary":[]},
        {"type":"function_call","call_id":"c","name":"weather","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"x"}]"#;
    let response = talk.respond(input).await;
    check_response(&response);
    let path = format!("{RESPONSES}/{}/input_items", response["id"].as_str().expect("an id"));
    let list = talk.client.get(&path).await.json();
    require(&list, &["object", "data", "first_id", "last_id", "has_more"]);
    list["data"].as_array().expect("data").iter().for_each(check_item);
}
