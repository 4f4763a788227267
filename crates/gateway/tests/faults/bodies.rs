//! Bodies and fields that are refused: with the status, code and field that programs act on, and
//! before the model server hears of them.
//!
//! # Layout
//!
//! - this file: sending any bytes, and reading the refusal.
//! - `json`: what is not JSON, or JSON that readers understand differently (C3 to C6).
//! - `fields`: values that would cost an engine dearly (C3, C12).
//! - `size`: bodies that are too large, packed or not (C1, C2).
//! - `kind`: bodies that are not what they say (C16).

use transom_testkit::raw::Response;

use crate::support::{CHAT, RESPONSES, Rig};

mod fields;
mod json;
mod kind;
mod size;

/// The routes that take a body, and the beginning of one.
const ROUTES: [(&str, &str); 2] = [
    (CHAT, r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]"#),
    (RESPONSES, r#"{"model":"tiny","input":"Hi""#),
];

/// What programs act on: status, code, param.
type Refusal<'a> = (u16, &'a str, Option<&'a str>);

/// Sends these bytes as they are, with these headers beside length and host.
async fn send(rig: &Rig, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let fields = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let fields = fields.collect::<Vec<_>>().concat();
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{fields}content-length: {length}\r\n\r\n");
    let mut client = rig.connect().await;
    // The answer may come, and the connection end, before all of the body has been taken.
    let _sent = client.send([head.as_bytes(), body].concat()).await;
    client.read_response().await.expect("an answer")
}

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn assert_refused(what: &str, answer: &Response, expected: Refusal<'_>) {
    let object = answer.json();
    let error = &object["error"];
    let found =
        (answer.status, error["code"].as_str().unwrap_or_default(), error["param"].as_str());
    assert_eq!(found, expected, "{what}: {}", answer.text());
    assert!(answer.headers.has("x-request-id"), "{what}");
    assert_eq!(error["type"], "invalid_request_error", "{what}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty() && message.len() < 500, "{what}: {message}");
}

/// Nothing of all that has reached the model server, and the gateway serves on.
async fn assert_unheard(rig: &Rig) {
    assert!(rig.backend.requests_to(CHAT).is_empty());
    for (path, body) in ROUTES {
        assert_eq!(rig.client.post(path, format!("{body}}}")).await.status, 200);
    }
}
