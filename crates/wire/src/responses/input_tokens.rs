//! The answer to `POST /v1/responses/input_tokens`.

use bytes::Bytes;
use serde::Serialize;

#[derive(Serialize)]
struct Answer {
    object: &'static str,
    input_tokens: u64,
}

/// So many tokens has the prompt.
pub fn to_json(tokens: u64) -> Bytes {
    let answer = Answer { object: "response.input_tokens", input_tokens: tokens };
    let bytes = serde_json::to_vec(&answer);
    Bytes::from(bytes.unwrap_or_else(|_| unreachable!("a word and a number are always JSON")))
}
