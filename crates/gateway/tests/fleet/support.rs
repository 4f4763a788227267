//! Starting gateways in front of several model servers, and waiting for what they do.
//!
//! # Layout
//!
//! - this file: gateways, questions, waiting.
//! - `guide`: the model servers and files of guide 004. `pack`: those of guide 002.

use std::time::{Duration, Instant};

use serde_json::Value;
use transom_testkit::gateway::Builder;
use transom_testkit::raw::Response;
use transom_testkit::{Client, PATIENCE, TestGateway};

pub(crate) mod guide;
pub(crate) mod pack;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_transom");

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const RESPONSES: &str = "/v1/responses";
pub(crate) const MODELS: &str = "/v1/models";

/// Within this time a change takes effect on every gateway.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// How often something is looked at that cannot be waited for.
const GLANCE: Duration = Duration::from_millis(10);

/// A gateway without the notice about the code interpreter.
pub(crate) fn gateway() -> Builder {
    TestGateway::builder(BINARY).env("VR_CODE_INTERPRETER_MODE", "disabled")
}

/// The same client with this key.
pub(crate) fn keyed(client: Client, key: &str) -> Client {
    client.header("authorization", &format!("Bearer {key}"))
}

/// Looks again and again until it is so, and tells how long that took; fails the test when it never
/// is.
pub(crate) async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    let looking = async {
        while !check().await {
            tokio::time::sleep(GLANCE).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, looking).await;
    assert!(seen.is_ok(), "not within {PATIENCE:?}: {what}");
    begun.elapsed()
}

/// A chat that asks this model for a word.
pub(crate) fn ask(model: &str) -> String {
    format!(
        r#"{{"model":"{model}","messages":[{{"role":"user","content":"reply with one word: hi"}}]}}"#
    )
}

/// The same as a stream.
pub(crate) fn ask_stream(model: &str) -> String {
    ask(model).replacen('{', r#"{"stream":true,"#, 1)
}

/// A response of this model.
pub(crate) fn response(model: &str) -> String {
    format!(r#"{{"model":"{model}","input":"reply with one word: hi"}}"#)
}

/// The same as a stream.
pub(crate) fn response_stream(model: &str) -> String {
    response(model).replacen('{', r#"{"stream":true,"#, 1)
}

/// Asks the model and gives its word; anything but an answer fails the test.
pub(crate) async fn word_of(client: &Client, model: &str) -> String {
    let answer = client.post(CHAT, ask(model)).await;
    assert_eq!(answer.status, 200, "{model}: {}", answer.text());
    text(&answer.json()["choices"][0]["message"]["content"]).to_owned()
}

/// Status and error code of an answer.
pub(crate) fn refusal(answer: &Response) -> (u16, String) {
    (answer.status, text(&answer.json()["error"]["code"]).to_owned())
}

/// The text of a JSON field, empty where there is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The ids of a list of models.
pub(crate) async fn listed(client: &Client) -> Vec<String> {
    let list = client.get(MODELS).await;
    assert_eq!(list.status, 200, "{}", list.text());
    let list = list.json();
    let data = list["data"].as_array().expect("a list").iter();
    data.map(|model| text(&model["id"]).to_owned()).collect()
}

/// What `/readyz` answers to this query.
pub(crate) async fn readyz(client: &Client, query: &str) -> (u16, Value) {
    let answer = client.get(&format!("/readyz{query}")).await;
    (answer.status, answer.json())
}

/// Waits until this model is in this state, by `/readyz`.
pub(crate) async fn await_state(client: &Client, model: &str, state: &str) {
    let what = format!("{model} to be {state}");
    let query = format!("?model={model}");
    eventually(&what, async || readyz(client, &query).await.1["models"][0]["state"] == state).await;
}

/// Whether the long form of a test is wanted.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not a setting of the program"
)]
pub(crate) fn is_soak() -> bool {
    std::env::var_os("TRANSOM_SOAK").is_some_and(|value| value == "1")
}
