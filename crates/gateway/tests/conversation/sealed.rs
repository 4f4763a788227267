//! Thoughts that clients carry sealed, and the keys that seal them.

use std::time::Duration;

use serde_json::Value;
use transom_testkit::answer::chat::{Chat, chat};
use transom_testkit::{Client, FakeBackend, PATIENCE, TestGateway};

use crate::socket::client::Client as Socket;
use crate::support::{RESPONSES, Talk, body, json, refusal, terminal};

mod keys;

/// Asks for sealed thoughts and keeps nothing.
pub(crate) const SEALED: &str = r#""store":false,"include":["reasoning.encrypted_content"]"#;

const TOOLS: &str = r#""tools":[{"type":"function","name":"look"}]"#;

/// An answer with a thought and a call.
fn thinks() -> Chat {
    chat().reasoning("Look first.").tool_call("c_1", "look", "{}")
}

/// What a client without state sends next: the sealed thought with these fields beside it, the call
/// and its result.
fn next(blob: &str, beside: &str) -> String {
    format!(
        r#""input":[{{"role":"user","content":"Go"}},
        {{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"{blob}"{beside}}},
        {{"type":"function_call","call_id":"c_1","name":"look","arguments":"{{}}"}},
        {{"type":"function_call_output","call_id":"c_1","output":"seen"}}],{TOOLS},{SEALED}"#
    )
}

fn blob_of(item: &Value) -> String {
    item["encrypted_content"].as_str().expect("a sealed thought").to_owned()
}

/// A sealed thought of a gateway.
async fn sealed_by(client: &Client, backend: &FakeBackend) -> String {
    backend.answer(thinks());
    let asked = body(&format!(r#""input":"Go",{TOOLS},{SEALED}"#));
    let answer = client.post(RESPONSES, asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    blob_of(&answer.json()["output"][0])
}

/// The status of a request that brings a sealed thought.
async fn opens_at(client: &Client, blob: &str) -> u16 {
    client.post(RESPONSES, body(&next(blob, ""))).await.status
}

/// Looks again and again until it is so; fails the test when it never is.
async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looking).await.is_ok(), "never: {what}");
}

#[tokio::test]
async fn thoughts_are_sealed_when_they_have_ended_and_go_back_to_the_model() {
    let talk = Talk::start().await;
    talk.backend.answer(thinks());
    let include = r#""include":["reasoning.encrypted_content"]"#;
    let events = talk.stream(&format!(r#""input":"Go",{TOOLS},{include}"#)).await;
    let of = |name: &str| {
        let found = events
            .iter()
            .find(|event| event.event == name && event.data.contains(r#""type":"reasoning""#));
        found.expect("an event about the thoughts").json()
    };
    assert_eq!(of("response.output_item.added")["item"].get("encrypted_content"), None);
    let blob = blob_of(&of("response.output_item.done")["item"]);
    let response = terminal(&events)["response"].clone();
    assert_eq!(blob_of(&response["output"][0]), blob);
    assert_eq!(talk.stored(&response["id"]).await, response);
    assert_eq!(response["output"][0]["content"][0]["text"], "Look first.");

    // Without a plain word of it, as Codex sends it, and with another one in its place.
    let lie = r#","content":[{"type":"reasoning_text","text":"Anything else."}]"#;
    for beside in ["", r#","content":null"#, lie] {
        talk.respond(&next(&blob, beside)).await;
        assert_eq!(talk.sent()["messages"][1]["reasoning"], "Look first.", "{beside}");
    }
}

#[tokio::test]
async fn whole_and_cut_answers_have_sealed_thoughts_and_others_have_none() {
    use transom_testkit::answer::Finish;
    let talk = Talk::start().await;
    talk.backend.answer(thinks());
    let whole = talk.respond(&format!(r#""input":"Go",{TOOLS},{SEALED}"#)).await;
    blob_of(&whole["output"][0]);
    talk.backend.answer(chat().reasoning("Half a").finish(Finish::Length));
    let cut = talk.respond(&format!(r#""input":"Go",{SEALED}"#)).await;
    assert_eq!(cut["output"][0]["status"], "incomplete");
    blob_of(&cut["output"][0]);
    talk.backend.answer(thinks());
    let plain = talk.respond(&format!(r#""input":"Go",{TOOLS}"#)).await;
    assert_eq!(plain["output"][0].get("encrypted_content"), None);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name_before_the_model_is_asked() {
    let talk = Talk::with(FakeBackend::builder().any_model().start().await, "").await;
    let blob = sealed_by(&talk.client, &talk.backend).await;
    let asked = talk.backend.requests_to("/v1/chat/completions").len();
    let expected = (400, "invalid_encrypted_content", Some("input[1].encrypted_content"));
    let changed = |at: usize| {
        let letter = if &blob[at..=at] == "A" { "B" } else { "A" };
        format!("{}{letter}{}", &blob[..at], &blob[at + 1..])
    };
    let last = blob.len() - 1;
    for wrong in [
        changed(0),
        changed(6),
        changed(30),
        changed(last / 2),
        blob[..last].to_owned(),
        String::new(),
        "gAAAAA".to_owned(),
    ] {
        assert_eq!(talk.refused(&next(&wrong, "")).await.brief(), expected, "{wrong}");
    }
    let other = body(&next(&blob, "")).replace("tiny", "other");
    let refused = refusal(&talk.client.post(RESPONSES, other).await);
    assert_eq!(refused.brief(), expected);
    assert!(refused.message.contains("sealed for the model 'tiny'"), "{}", refused.message);
    assert_eq!(talk.backend.requests_to("/v1/chat/completions").len(), asked);
    let made = r#"{"items":[{"type":"reasoning","summary":[],"encrypted_content":"gAAAAA"}]}"#;
    let refused = refusal(&talk.client.post("/v1/conversations", made).await);
    let named = (400, "invalid_encrypted_content", Some("items[0].encrypted_content"));
    assert_eq!(refused.brief(), named);
}

#[tokio::test]
async fn what_is_stored_sealed_is_read_back_also_for_another_model() {
    let backend = FakeBackend::builder().any_model().start().await;
    let talk = Talk::with(backend, "responses: {reasoning_history: always}\n").await;
    let blob = sealed_by(&talk.client, &talk.backend).await;
    let kept = next(&blob, "").replace(r#""store":false"#, r#""store":true"#);
    let first = talk.respond(&kept).await;
    let path =
        format!("{RESPONSES}/{}/input_items?order=asc", first["id"].as_str().expect("an id"));
    let listed = talk.client.get(&path).await.json()["data"][1].clone();
    assert_eq!((blob_of(&listed), &listed["content"]), (blob, &json("[]")), "as it came");
    let goes_on =
        format!(r#"{{"model":"other","previous_response_id":{},"input":"On"}}"#, first["id"]);
    assert_eq!(talk.client.post(RESPONSES, goes_on).await.status, 200);
    assert_eq!(talk.sent()["messages"][1]["reasoning"], "Look first.");
}

#[tokio::test]
async fn a_socket_seals_and_opens_too() {
    let talk = Talk::start().await;
    let mut socket = Socket::open(&talk.gateway).await;
    talk.backend.answer(thinks());
    socket.create(&format!(r#""input":"Go",{TOOLS},{SEALED}"#)).await;
    let response = completed(&mut socket).await;
    socket.create(&next(&blob_of(&response["output"][0]), "")).await;
    completed(&mut socket).await;
    assert_eq!(talk.sent()["messages"][1]["reasoning"], "Look first.");
    socket.create(&next("gAAAAA", "")).await;
    let refused = socket.next().await;
    assert_eq!(refused["error"]["param"], "input[1].encrypted_content");
}

/// The response of the last event of a turn.
async fn completed(socket: &mut Socket) -> Value {
    loop {
        let event = socket.next().await;
        match event["type"].as_str() {
            Some("response.completed") => return event["response"].clone(),
            Some("error" | "response.failed") => panic!("{event}"),
            _ => {}
        }
    }
}

/// A second gateway beside the first, on the same database.
pub(crate) async fn beside(talk: &Talk) -> TestGateway {
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom"));
    builder.upstream(&talk.backend.url()).in_folder_of(&talk.gateway).start().await
}
