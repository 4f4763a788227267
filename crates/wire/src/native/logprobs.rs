//! Tokens with their log probabilities.
//!
//! vLLM leaves `bytes` out in response streams, where OpenAI's objects and vLLM's own chat
//! completions have it. Clients get it either way.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use transom_core::Json;

#[derive(Deserialize)]
struct Token<'a> {
    #[serde(borrow, rename = "token")]
    text: Cow<'a, str>,
    #[serde(borrow)]
    logprob: &'a RawValue,
    bytes: Option<Vec<u8>>,
    #[serde(borrow)]
    top_logprobs: Option<Vec<Token<'a>>>,
}

#[derive(Serialize)]
struct Whole<'a> {
    token: &'a str,
    logprob: &'a RawValue,
    bytes: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<Vec<Self>>,
}

impl<'a> Whole<'a> {
    fn of(token: &'a Token<'_>) -> Self {
        // Half a character cannot be told from its replacement: nothing is claimed of it.
        let known = !token.text.contains(char::REPLACEMENT_CHARACTER);
        let own = || if known { token.text.as_bytes().to_vec() } else { Vec::new() };
        Self {
            token: &token.text,
            logprob: token.logprob,
            bytes: token.bytes.clone().unwrap_or_else(own),
            top_logprobs: token
                .top_logprobs
                .as_ref()
                .map(|others| others.iter().map(Whole::of).collect()),
        }
    }

    fn is_told_by(token: &Token<'_>) -> bool {
        let others = token.top_logprobs.iter().flatten();
        token.bytes.is_some() && others.clone().all(|other| other.bytes.is_some())
    }
}

/// The token with everything that belongs to it. What is no token stays as it came.
pub(super) fn whole(raw: &RawValue) -> Json {
    match serde_json::from_str::<Token<'_>>(raw.get()) {
        Ok(token) if !Whole::is_told_by(&token) => {
            to_raw_value(&Whole::of(&token)).unwrap_or_else(|_| raw.to_owned())
        }
        _ => raw.to_owned(),
    }
}
