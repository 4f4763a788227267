//! What is answered once, and what is not.

use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Finish, chat_text};
use transom_testkit::{FakeBackend, Gate, TestGateway};

use super::{assert_again, post, respond};
use crate::support::{RESPONSES, Talk, body, refusal};

const CHAT: &str = "/v1/chat/completions";

/// Every route that makes something.
fn rows() -> Vec<(&'static str, String)> {
    let chat = |more: &str| {
        format!(r#"{{"model":"tiny","messages":[{{"role":"user","content":"Hi"}}]{more}}}"#)
    };
    let plain = |fields: &str| format!(r#"{{"model":"tiny",{fields}}}"#);
    vec![
        (RESPONSES, body(r#""input":"Hi""#)),
        (RESPONSES, body(r#""input":"Hi","stream":true"#)),
        (RESPONSES, body(r#""input":"Hi","store":false"#)),
        ("/v1/responses/compact", plain(r#""input":"Hi""#)),
        ("/v1/responses/input_tokens", plain(r#""input":"Hi""#)),
        (CHAT, chat("")),
        (CHAT, chat(r#","stream":true"#)),
        ("/v1/completions", plain(r#""prompt":"Hi""#)),
        ("/v1/completions", plain(r#""prompt":"Hi","stream":true"#)),
        ("/v1/embeddings", plain(r#""input":"Hi""#)),
        ("/v1/rerank", plain(r#""query":"q","documents":["a","b"]"#)),
        ("/v1/score", plain(r#""text_1":"a","text_2":"b""#)),
        ("/v1/conversations", r#"{"items":[{"role":"user","content":"Hi"}]}"#.to_owned()),
    ]
}

/// What the model server was asked so far.
fn posted(talk: &Talk) -> usize {
    talk.backend.requests().iter().filter(|request| request.method == "POST").count()
}

#[tokio::test]
async fn every_route_that_makes_something_makes_it_once() {
    let talk = Talk::start().await;
    for (at, (path, body)) in rows().into_iter().enumerate() {
        let key = format!("key-{at}");
        let first = post(&talk.client, path, &body, &key).await;
        assert_eq!(first.status, 200, "{path} {body}: {}", first.text());
        let asked = posted(&talk);
        for _ in 0..2 {
            assert_again(&post(&talk.client, path, &body, &key).await, &first);
        }
        assert_eq!(posted(&talk), asked, "{path} {body}");
        let other = post(&talk.client, path, &(body.clone() + " "), &key).await;
        let reused = (422, "idempotency_key_reused", Some("Idempotency-Key"));
        assert_eq!(refusal(&other).brief(), reused, "{path}");
        // Without the key it is a new request.
        let anew = talk.client.post(path, &body).await;
        assert_eq!((anew.status, anew.headers.has("idempotency-replayed")), (200, false));
    }
}

#[tokio::test]
async fn items_are_added_once_and_to_the_conversation_that_is_named() {
    let talk = Talk::start().await;
    let made = [
        talk.client.post("/v1/conversations", "{}").await.json(),
        talk.client.post("/v1/conversations", "{}").await.json(),
    ];
    let item = r#"{"items":[{"role":"user","content":"Hi"}]}"#;
    for made in &made {
        let path = format!("/v1/conversations/{}/items", made["id"].as_str().expect("an id"));
        // The name of a key holds for one path.
        let first = post(&talk.client, &path, item, "same").await;
        assert_again(&post(&talk.client, &path, item, "same").await, &first);
        let listed = talk.client.get(&path).await.json();
        assert_eq!(listed["data"], first.json()["data"]);
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
        // What is refused is not kept.
        let empty = r#"{"items":[]}"#;
        for _ in 0..2 {
            let refused = post(&talk.client, &path, empty, "refused").await;
            assert_eq!(refusal(&refused).brief(), (400, "invalid_value", Some("items")));
        }
        assert_eq!(post(&talk.client, &path, item, "refused").await.status, 200);
    }
}

#[tokio::test]
async fn what_fails_or_is_left_is_done_anew() {
    let talk = Talk::start().await;
    let streamed = body(r#""input":"Hi","stream":true"#);
    let broken = chat_text("Half").finish(Finish::Missing);
    talk.backend.answer(broken);
    let failed = post(&talk.client, RESPONSES, &streamed, "k").await.text();
    assert!(failed.contains("response.failed") && !failed.contains("[DONE]"), "{failed}");

    let gate = Gate::new("after a word");
    talk.backend.answer(chat().text("One ").wait(&gate).text("two"));
    let client = talk.gateway.client().header("Idempotency-Key", "k");
    let mut stream = client.stream(RESPONSES, &streamed).await;
    stream.until("response.output_text.delta").await;
    drop(stream);
    talk.gateway.await_log("cancelled: the client left").await;
    talk.backend.await_disconnect().await;
    // The key is given back with the record, which may take a moment.
    talk.backend.default_answer(chat_text("Whole."));
    let again = async {
        loop {
            let again = post(&talk.client, RESPONSES, &streamed, "k").await;
            if again.status != 409 {
                return again;
            }
            tokio::task::yield_now().await;
        }
    };
    let first = tokio::time::timeout(transom_testkit::PATIENCE, again).await.expect("a free key");
    assert!(first.text().contains("Whole.") && !first.headers.has("idempotency-replayed"));
    assert_again(&post(&talk.client, RESPONSES, &streamed, "k").await, &first);

    // An error in a stream that ends as if nothing had happened, as vLLM's do.
    let chat_body = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"stream":true}"#;
    talk.backend.answer(chat().text("Half ").error(r#"{"message":"gone","code":500}"#));
    let failed = post(&talk.client, CHAT, chat_body, "k").await.text();
    assert!(failed.contains("\"error\"") && !failed.contains("[DONE]"), "{failed}");
    let first = post(&talk.client, CHAT, chat_body, "k").await;
    assert!(first.text().contains("Whole."), "{}", first.text());
    assert_again(&post(&talk.client, CHAT, chat_body, "k").await, &first);
}

#[tokio::test]
async fn an_answer_goes_with_its_response_and_one_that_is_not_stored_is_kept() {
    let talk = Talk::start().await;
    let first = respond(&talk.client, r#""input":"Hi""#, "stored").await;
    let path = format!("{RESPONSES}/{}", first.json()["id"].as_str().expect("an id"));
    assert_eq!(talk.client.delete(&path).await.status, 200);
    let anew = respond(&talk.client, r#""input":"Hi""#, "stored").await;
    assert_ne!(anew.json()["id"], first.json()["id"]);

    let first = respond(&talk.client, r#""input":"Hi","store":false"#, "not stored").await;
    assert_eq!(refusal(&first).brief(), (400, "invalid_value", Some("Idempotency-Key")));
    let first = respond(&talk.client, r#""input":"Hi","store":false"#, "not-stored").await;
    let path = format!("{RESPONSES}/{}", first.json()["id"].as_str().expect("an id"));
    assert_eq!(talk.client.get(&path).await.status, 404);
    let again = respond(&talk.client, r#""input":"Hi","store":false"#, "not-stored").await;
    assert_again(&again, &first);
}

#[tokio::test]
async fn a_header_that_is_no_key_is_named_to_those_who_may_call() {
    let backend = FakeBackend::start().await;
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
    let gateway = builder.env("VR_API_KEY", "sk-right").start().await;
    let client = gateway.client();
    let long = "k".repeat(256);
    let known = ("authorization", "Bearer sk-right");
    for path in [RESPONSES, CHAT, "/v1/conversations", "/v1/conversations/conv_1/items"] {
        for keys in [&[""][..], &["a b"], &[long.as_str()], &["a", "a"], &["\u{e9}"]] {
            let keys = keys.iter().map(|key| ("Idempotency-Key", *key));
            let headers: Vec<_> = keys.clone().chain([known]).collect();
            let named = client.request("POST", path, &headers, Some("{}")).await;
            let expected = (400, "invalid_value", Some("Idempotency-Key"));
            assert_eq!(refusal(&named).brief(), expected, "{path}");
            let headers: Vec<_> = keys.collect();
            let unknown = client.request("POST", path, &headers, Some("{}")).await;
            assert_eq!(unknown.status, 401, "{path}");
        }
    }
    let handshake = [
        known,
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("idempotency-key", "a"),
    ];
    let refused = client.request("GET", RESPONSES, &handshake, None).await;
    let expected = (400, "unsupported_parameter", Some("Idempotency-Key"));
    assert_eq!(refusal(&refused).brief(), expected);
}
