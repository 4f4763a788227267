//! `/v1/conversations`, and turns that work on one.

mod objects;
mod turns;

use serde_json::Value;
use transom_testkit::raw::Response;

use crate::support::Talk;

const CONVERSATIONS: &str = "/v1/conversations";

/// The path of a conversation, and what stands behind it.
fn path(conversation: &Value, rest: &str) -> String {
    format!("{CONVERSATIONS}/{}{rest}", conversation["id"].as_str().expect("an id"))
}

/// An answer that went well.
fn good(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

async fn create(talk: &Talk, body: &str) -> Value {
    good(&talk.client.post(CONVERSATIONS, body).await)
}

/// What was said, oldest first.
async fn said(talk: &Talk, conversation: &Value) -> Vec<String> {
    let list = good(&talk.client.get(&path(conversation, "/items?order=asc&limit=100")).await);
    let items = list["data"].as_array().expect("data").iter();
    items.map(|item| item["content"][0]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The field of a request that names the conversation.
fn of(conversation: &Value, fields: &str) -> String {
    format!(r#""conversation":{},{fields}"#, conversation["id"])
}
