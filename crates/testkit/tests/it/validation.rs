use std::panic::{AssertUnwindSafe, catch_unwind};

use transom_testkit::{Client, FakeBackend, RawClient};

const CHAT: &str = "/v1/chat/completions";

/// A chat request with these fields behind `model`.
fn chat(fields: &str) -> String {
    format!(r#"{{"model":"tiny",{fields}}}"#)
}

fn conversation(messages: &str) -> String {
    chat(&format!(r#""messages":[{messages}]"#))
}

const USER: &str = r#"{"role":"user","content":"Hi"}"#;

/// An assistant message that calls `look` once per id.
fn calls(ids: &[&str]) -> String {
    let call = |id: &&str| {
        format!(
            r#"{{"id":"{id}","type":"function","function":{{"name":"look","arguments":"{{}}"}}}}"#
        )
    };
    let calls: Vec<_> = ids.iter().map(call).collect();
    format!(r#"{{"role":"assistant","content":null,"tool_calls":[{}]}}"#, calls.join(","))
}

fn result(id: &str) -> String {
    format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"42"}}"#)
}

#[tokio::test]
async fn every_broken_rule_of_a_body_is_named_and_refused() {
    let tool = |name: &str| format!(r#"{{"type":"function","function":{{"name":"{name}"}}}}"#);
    let with = |fields: &str| chat(&format!(r#""messages":[{USER}],{fields}"#));
    let long = "x".repeat(65);
    let cases = [
        ("{".to_owned(), "not valid JSON"),
        (with(r#""n":1,"n":2"#), "duplicate key `n`"),
        (format!(r#"{{"model":7,"messages":[{USER}]}}"#), "`model` is not"),
        (chat(r#""stream":false"#), "`messages` is missing"),
        (conversation(""), "`messages` is empty"),
        (with(r#""frobnicate":1"#), "unknown field `frobnicate`"),
        (with(r#""stream_options":{}"#), "`stream_options` without"),
        (with(r#""top_logprobs":2"#), "`top_logprobs` without"),
        (with(r#""temperature":-1"#), "`temperature` is -1"),
        (with(r#""n":1.0e9,"max_tokens":0"#), "`max_tokens` is 0"),
        (with(r#""tool_choice":"auto""#), "`tool_choice` without `tools`"),
        (with(r#""tools":[]"#), "`tools` is not a non-empty"),
        (with(&format!(r#""tools":[{}]"#, tool("a b"))), r#""a b" is not ^"#),
        (with(&format!(r#""tools":[{}]"#, tool(&long))), "is not ^"),
        (with(&format!(r#""tools":[{0},{0}]"#, tool("a"))), r#"two tools are named "a""#),
        (
            with(&format!(
                r#""tools":[{}],"tool_choice":{{"type":"function","function":{{"name":"b"}}}}"#,
                tool("a")
            )),
            "names no declared function",
        ),
        (conversation(r#"{"role":"wizard","content":"x"}"#), "unknown role"),
        (conversation(r#"{"role":"user","content":null}"#), "no content"),
        (conversation(r#"{"role":"user","content":[{"type":"input_text"}]}"#), "part type"),
        (
            conversation(&format!(r#"{USER},{{"role":"system","content":"x"}}"#)),
            "a system message not at the front",
        ),
        (conversation(&[USER, &result("1")].join(",")), r#"answers "1", which is no open call"#),
        (conversation(&[USER, &calls(&["1"]), USER].join(",")), "calls without answer"),
        (
            conversation(&[USER, &calls(&["1", "2"]), &result("2")].join(",")),
            "the end of the conversation: calls without answer",
        ),
        (
            conversation(&[USER, &calls(&["1", "1"]), &result("1"), &result("1")].join(",")),
            "empty or used twice",
        ),
        (
            conversation(
                &[USER, &calls(&["1"]).replace(r#""{}""#, r#""{""#), &result("1")].join(","),
            ),
            "are not JSON in a string",
        ),
    ];
    let backend = FakeBackend::start().await;
    let client = Client::new(&backend.url());
    for (body, expected) in cases {
        let response = client.post(CHAT, &body).await;
        let violations = backend.take_violations();
        assert_eq!(response.status, 400, "{body}");
        assert!(violations.iter().any(|v| v.what.contains(expected)), "{body}: {violations:?}");
    }
    // What is right passes: parallel calls answered in any order, one system message in front.
    let system = r#"{"role":"system","content":"Be kind."}"#;
    let good = [system, USER, &calls(&["1", "2"]), &result("2"), &result("1"), USER].join(",");
    assert_eq!(client.post(CHAT, conversation(&good)).await.status, 200);
    backend.finish();
}

#[tokio::test]
async fn every_broken_rule_of_http_is_named() {
    let body = conversation(USER);
    let request = |host: &str, extra: &str, framing: &str, body: &str| {
        format!(
            "POST {CHAT} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{extra}{framing}\r\n\r\n{body}"
        )
    };
    let backend = FakeBackend::start().await;
    let host = backend.address().to_string();
    let length = format!("content-length: {}", body.len());
    let two = format!("{length}\r\ncontent-length: {}", body.len() + 1);
    let both = format!("{length}\r\ntransfer-encoding: chunked");
    let pipelined = body.clone() + "GET / HTTP/1.1\r\n";
    let cases = [
        (request("evil.example", "", &length, &body), "host is"),
        (request(&host, "authorization: Bearer x\r\n", &length, &body), "`authorization`"),
        (request(&host, "cookie: a=b\r\n", &length, &body), "header `cookie`"),
        (request(&host, "te: trailers\r\n", &length, &body), "header `te`"),
        (request(&host, "connection: x-secret\r\n", &length, &body), "names other fields"),
        (
            request(&host, "", &length, &body).replace("application/json", "text/plain"),
            "text/plain",
        ),
        (request(&host, "", &two, &body), "ambiguous framing"),
        (request(&host, "", &both, &body), "ambiguous framing"),
        (request(&host, " folded\r\n", &length, &body), "malformed HTTP"),
        (request(&host, "", &length, &pipelined), "bytes after the request"),
        (
            format!("GET /health HTTP/1.1\r\nhost: {host}\r\n{length}\r\n\r\n{body}"),
            "GET with a body",
        ),
    ];
    for (bytes, expected) in cases {
        let mut raw = RawClient::connect(backend.address()).await.expect("connecting");
        raw.send(&bytes).await.expect("sending");
        let _answer_or_close = raw.read_some().await;
        drop(raw);
        backend.await_no_connections().await;
        let violations = backend.take_violations();
        let named = violations.iter().any(|v| v.what.contains(expected));
        assert!(named, "{bytes}: {violations:?}");
    }
    backend.finish();
}

#[tokio::test]
async fn a_violation_fails_the_test_at_the_end_unless_told_otherwise() {
    let broken = || conversation(r#"{"role":"wizard","content":"x"}"#);
    for lenient in [false, true] {
        let builder = FakeBackend::builder();
        let builder = if lenient { builder.lenient() } else { builder };
        let backend = builder.start().await;
        let status = Client::new(&backend.url()).post(CHAT, broken()).await.status;
        assert_eq!(status, if lenient { 200 } else { 400 });
        assert_eq!(backend.violations().len(), 1);
        let message = catch_unwind(AssertUnwindSafe(|| drop(backend)))
            .err()
            .and_then(|panic| panic.downcast_ref::<String>().cloned());
        assert_eq!(message.is_some(), !lenient);
        if let Some(message) = message {
            assert!(message.contains("request 0: message 0: unknown role \"wizard\""), "{message}");
            assert!(message.contains("POST /v1/chat/completions"), "{message}");
        }
    }
}

#[tokio::test]
async fn strictness_can_be_adjusted_rule_by_rule() {
    let backend = FakeBackend::builder()
        .any_model()
        .system_anywhere()
        .allow_field("frobnicate")
        .start()
        .await;
    let body = format!(
        r#"{{"model":"other","frobnicate":1,"messages":[{USER},{{"role":"system","content":"x"}},{USER}]}}"#
    );
    backend.expect_host("gateway.test");
    let client = Client::new(&backend.url());
    assert_eq!(client.post(CHAT, body).await.status, 200);
    backend.finish();
}
