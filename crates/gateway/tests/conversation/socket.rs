//! WebSocket mode, with a client that shares no code with the gateway's side.
//!
//! # Layout
//!
//! - this file: conversations as Codex has them, and what goes wrong in them.
//! - `recorded`: the frames of a real client.
//! - `life`: how connections begin and end.
//! - `client`: the client.

use transom_testkit::answer::chat::tool_calls;
use transom_testkit::answer::{chat_text, errors};
use transom_testkit::{FakeBackend, Gate};

use crate::support::{RESPONSES, Talk, body, text_of, tool};
pub(crate) use client::Client;
use client::kinds;

pub(crate) mod client;
mod life;
mod recorded;

fn messages(talk: &Talk) -> Vec<(String, String)> {
    let sent = talk.sent();
    let messages = sent["messages"].as_array().expect("messages").iter();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    messages.map(|message| (word(&message["role"]), word(&message["content"]))).collect()
}

fn said(roles: &[(&str, &str)]) -> Vec<(String, String)> {
    roles.iter().map(|(role, text)| ((*role).to_owned(), (*text).to_owned())).collect()
}

/// Codex's three messages: a warm-up with the instructions, the question, the output of the tool it
/// was told to call. Nothing is stored.
#[tokio::test]
async fn a_conversation_that_nobody_stores_goes_on_over_its_connection() {
    let talk = Talk::start().await;
    let mut client = Client::open(&talk.gateway).await;
    let same = format!(r#""store":false,"stream":true,"tools":[{}]"#, tool("run"));
    let developer = r#"{"type":"message","role":"developer","content":[{"type":"input_text","text":"Be brief."}]}"#;
    let warm = client.respond(&format!(r#"{same},"generate":false,"input":[{developer}]"#)).await;
    assert_eq!(
        (&warm["status"], warm["output"].as_array().map(Vec::len)),
        (&"completed".into(), Some(0))
    );
    assert_eq!(warm["usage"]["total_tokens"], 0);
    assert_eq!(talk.backend.requests_to("/v1/chat/completions").len(), 0, "no model was asked");

    talk.backend.answer(tool_calls([("run", r#"{"city":"Rome"}"#)]));
    let asked = client.go_on(&warm, &format!(r#"{same},"input":"Say hi""#)).await;
    assert_eq!(messages(&talk), said(&[("system", "Be brief."), ("user", "Say hi")]));
    let call = asked["output"][0]["call_id"].as_str().expect("a call");

    talk.backend.answer(chat_text("hi"));
    let output =
        format!(r#"[{{"type":"function_call_output","call_id":"{call}","output":"done"}}]"#);
    let answered = client.go_on(&asked, &format!(r#"{same},"input":{output}"#)).await;
    assert_eq!(text_of(&answered), "hi");
    let roles: Vec<_> = messages(&talk).into_iter().map(|(role, _)| role).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);

    // Another branch of the same response, and nothing of it anywhere else.
    talk.backend.answer(chat_text("two"));
    client.go_on(&warm, &format!(r#"{same},"input":"Again""#)).await;
    assert_eq!(messages(&talk), said(&[("system", "Be brief."), ("user", "Again")]));
    let path = format!("{RESPONSES}/{}", warm["id"].as_str().expect("an id"));
    assert_eq!(talk.client.get(&path).await.status, 404);
    let mut other = Client::open(&talk.gateway).await;
    let fields = format!(r#""input":"Hi","previous_response_id":{}"#, warm["id"]);
    let error = other.refused(&fields).await;
    assert_eq!(error, (400, "previous_response_not_found".to_owned()));
}

#[tokio::test]
async fn the_store_and_the_connection_continue_each_other() {
    let talk = Talk::start().await;
    let mut client = Client::open(&talk.gateway).await;
    let first = talk.respond(r#""input":"One""#).await;
    let second = client.go_on(&first, r#""input":"Two","store":false"#).await;
    let third = client.go_on(&second, r#""input":"Three""#).await;
    client.go_on(&third, r#""input":"Four""#).await;
    let asked: Vec<_> = messages(&talk).into_iter().filter(|(role, _)| role == "user").collect();
    assert_eq!(
        asked,
        said(&[("user", "One"), ("user", "Two"), ("user", "Three"), ("user", "Four")])
    );
    assert_eq!(talk.stored(&third["id"]).await, third, "stored like any other");
    // A warm-up is stored like any other, too.
    let warm = client.respond(r#""input":"Five","generate":false"#).await;
    assert_eq!(talk.stored(&warm["id"]).await, warm);
    talk.proceed(&warm, r#""input":"Six""#).await;
    assert_eq!(messages(&talk), said(&[("user", "Five"), ("user", "Six")]));
    // Elsewhere its history is not whole.
    let fields = format!(r#""input":"Hi","previous_response_id":{}"#, third["id"]);
    assert_eq!(talk.refused(&fields).await.code, "previous_response_not_found");
}

#[tokio::test]
async fn messages_are_the_events_of_the_stream() {
    let talk = Talk::start().await;
    let answer = || chat_text("One ").reasoning("Hm.").text("two");
    talk.backend.answer(answer()).answer(answer());
    let fields = r#""input":"Go","store":false"#;
    let stream = talk.stream(fields).await;
    let mut client = Client::open(&talk.gateway).await;
    let messages = client.ask(fields).await;
    let streamed: Vec<_> = stream.iter().filter(|event| event.data != "[DONE]").collect();
    assert_eq!(messages.len(), streamed.len());
    for (number, (message, event)) in messages.iter().zip(streamed).enumerate() {
        let event = event.json();
        assert_eq!(message["type"], event["type"]);
        assert_eq!(message["sequence_number"], number);
        for field in ["delta", "text", "output_index", "content_index"] {
            assert_eq!(message[field], event[field], "{message}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_is_told_and_the_connection_goes_on() {
    let talk = Talk::start().await;
    let mut client = Client::open(&talk.gateway).await;
    let whole = |fields: &str| format!(r#"{{"type":"response.create","model":"tiny",{fields}}}"#);
    for (text, status, code, param) in [
        ("{".to_owned(), 400, "invalid_json", None),
        ("[]".to_owned(), 400, "invalid_json", None),
        (String::new(), 400, "invalid_json", None),
        (body(r#""input":"Hi""#), 400, "missing_required_parameter", Some("type")),
        (
            r#"{"type":"response.cancel","model":"tiny"}"#.to_owned(),
            400,
            "invalid_value",
            Some("type"),
        ),
        (
            r#"{"type":"response.create","input":"Hi"}"#.to_owned(),
            400,
            "missing_required_parameter",
            Some("model"),
        ),
        (
            r#"{"type":"response.create","model":"none","input":"Hi"}"#.to_owned(),
            404,
            "model_not_found",
            Some("model"),
        ),
        (whole(r#""input":"Hi","generate":1"#), 400, "invalid_type", Some("generate")),
        (whole(r#""input":"Hi","background":true"#), 400, "unsupported_value", Some("background")),
        (whole(r#""input":"Hi","stream_id":"a""#), 400, "unsupported_parameter", Some("stream_id")),
        (
            whole(r#""input":"Hi","previous_response_id":"resp_0""#),
            400,
            "previous_response_not_found",
            Some("previous_response_id"),
        ),
    ] {
        client.send(&text).await;
        let told = client.next().await;
        assert_eq!(told["type"], "error", "{text}: {told}");
        let error = &told["error"];
        let found = (told["status"].as_u64(), error["code"].as_str(), error["param"].as_str());
        assert_eq!(found, (Some(status), Some(code), param), "{text}: {told}");
        assert_eq!(error["type"], "invalid_request_error");
        // The same again as the error event of a stream has it.
        for field in ["code", "message", "param"] {
            assert_eq!(told[field], error[field], "{told}");
        }
        assert_eq!(told["sequence_number"], 0);
    }
    assert!(!text_of(&client.respond(r#""input":"Hi""#).await).is_empty());
    assert_eq!(talk.refused(r#""input":"Hi","generate":false"#).await.code, "unsupported_value");
}

#[tokio::test]
async fn a_model_server_that_fails_leaves_the_connection_usable() {
    let talk = Talk::with(FakeBackend::start().await, "routing: {retries: 0}").await;
    let mut client = Client::open(&talk.gateway).await;
    talk.backend.answer(errors::bad_request("no", None));
    assert_eq!(client.refused(r#""input":"Hi""#).await.0, 400);
    // In the middle: the events of a stream that breaks.
    talk.backend.answer(chat_text("One ").error(r#"{"message":"gone","code":500}"#));
    let messages = client.ask(r#""input":"Hi""#).await;
    assert_eq!(kinds(&messages).last_chunk(), Some(&["error", "response.failed"]));
    let failed = &messages.last().expect("an event")["response"];
    let fields = format!(r#""input":"Hi","previous_response_id":{}"#, failed["id"]);
    assert_eq!(client.refused(&fields).await.1, "previous_response_not_continuable");
    talk.backend.answer(chat_text("back"));
    assert_eq!(text_of(&client.respond(r#""input":"Hi""#).await), "back");
    talk.backend.take_violations();
}

#[tokio::test]
async fn a_connection_carries_one_response_at_a_time() {
    let talk = Talk::start().await;
    let gate = Gate::new("the middle of the answer");
    talk.backend.answer(chat_text("One ").wait(&gate).text("two"));
    let mut client = Client::open(&talk.gateway).await;
    client.create(r#""input":"Hi""#).await;
    client.until("response.output_text.delta").await;
    client.create(r#""input":"Me too""#).await;
    let told = client.until("error").await;
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&400.into(), &"response_in_progress".into())
    );
    client.ping().await;
    gate.open();
    let ended = client.until("response.completed").await;
    assert_eq!(text_of(&ended["response"]), "One two ".trim_end());
    assert_eq!(talk.backend.requests_to("/v1/chat/completions").len(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_lets_the_model_server_go() {
    let talk = Talk::start().await;
    for politely in [true, false] {
        let gate = Gate::new("the middle of the answer");
        talk.backend.answer(chat_text("One ").wait(&gate));
        let mut client = Client::open(&talk.gateway).await;
        client.create(r#""input":"Hi""#).await;
        client.until("response.output_text.delta").await;
        if politely {
            client.close().await;
        } else {
            drop(client);
        }
        talk.backend.await_disconnect().await;
    }
}

#[tokio::test]
async fn the_oldest_responses_are_forgotten_where_there_is_no_room() {
    let yaml = "limits: {socket_responses: 2}";
    let talk = Talk::with(FakeBackend::start().await, yaml).await;
    let mut client = Client::open(&talk.gateway).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(client.respond(r#""input":"Hi","store":false,"generate":false"#).await);
    }
    let fields = format!(r#""input":"Hi","previous_response_id":{}"#, all[0]["id"]);
    assert_eq!(client.refused(&fields).await.1, "previous_response_not_found");
    client.go_on(&all[2], r#""input":"Hi""#).await;
}
