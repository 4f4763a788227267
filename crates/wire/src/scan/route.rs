//! What tells to which server a request should go: its prompt, its conversation, its length.

use std::borrow::Cow;

use super::Span;
use super::head::Head;
use super::view::{View, view};

/// Where each protocol has its prompt. In `/v1/responses` a `prompt` is only the name of a template,
/// so `input` comes before it.
const PROMPTS: [&str; 5] = ["messages", "input", "prompt", "query", "text_1"];

/// The names of the most tokens to generate, the newest first.
const MAX_TOKENS: [&str; 3] = ["max_completion_tokens", "max_tokens", "max_output_tokens"];

impl Head {
    /// The prompt as it is written: `messages` of a chat, `input` of a response or of embeddings,
    /// `prompt` of a completion, the query of a rerank or score request.
    pub fn prompt(&self) -> Option<Span> {
        PROMPTS.iter().find_map(|name| self.field(name)).map(|field| field.value.clone())
    }

    /// `user`, the client's name for who asks. `body` is the body that was scanned, here and below.
    pub fn user<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        string(self.raw(body, "user")?)
    }

    /// `prompt_cache_key`: requests with the same one should find the same cache.
    pub fn prompt_cache_key<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        string(self.raw(body, "prompt_cache_key")?)
    }

    /// `conversation`, which is an id or an object with one.
    pub fn conversation<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        let raw = self.raw(body, "conversation")?;
        match view(raw).ok()? {
            View::String(id) => Some(id),
            object => string(object.get("id")?),
        }
    }

    /// The most tokens to generate, if the client sets a limit.
    pub fn max_tokens(&self, body: &[u8]) -> Option<u64> {
        MAX_TOKENS.iter().find_map(|name| self.raw(body, name)?.parse().ok())
    }

    fn raw<'a>(&self, body: &'a [u8], name: &str) -> Option<&'a str> {
        std::str::from_utf8(body.get(self.field(name)?.value.clone())?).ok()
    }
}

/// A string that says something.
fn string(raw: &str) -> Option<Cow<'_, str>> {
    match view(raw).ok()? {
        View::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
