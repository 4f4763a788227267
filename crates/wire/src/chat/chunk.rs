//! One chunk of a chat completion stream, borrowed from the bytes it came in.
//!
//! Only what the gateway uses is read; what model servers add (`token_ids`, `timings`,
//! `obfuscation`, …) is skipped. `null` and a missing field mean the same everywhere.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use transom_core::upstream_error::UpstreamError;

use crate::answer::protocol;

/// A `chat.completion.chunk`, or the error object that some servers send in its place.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) model: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    /// Read apart: a wrong count must not cost the chunk.
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    /// `error` where the whole object is one, as older vLLM writes it.
    #[serde(borrow)]
    pub(super) object: Option<Str<'a>>,
}

/// One of the answers that the server generates side by side.
#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<Logprobs<'a>>,
}

/// What the answer grows by.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) refusal: Option<Str<'a>>,
    #[serde(borrow)]
    reasoning: Option<Str<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<CallFragment<'a>>>,
    /// Read apart: an odd annotation must not cost the chunk.
    #[serde(borrow)]
    pub(super) annotations: Option<&'a RawValue>,
}

/// A piece of a tool call; vLLM's first one has no `arguments`, later ones only `arguments`.
#[derive(Debug, Deserialize)]
pub(super) struct CallFragment<'a> {
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) function: Option<FunctionFragment<'a>>,
}

/// The function of a [`CallFragment`].
#[derive(Debug, Default, Deserialize)]
pub(super) struct FunctionFragment<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Str<'a>>,
}

/// Log probabilities: one JSON object per token.
#[derive(Debug, Deserialize)]
pub(super) struct Logprobs<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Vec<&'a RawValue>>,
}

/// A string that is copied only when it has escapes. (serde borrows a bare `Cow`, but not one in
/// an `Option`.)
#[derive(Debug, Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl Delta<'_> {
    /// The thoughts under either of their names. Servers that write both write the same twice.
    pub(super) fn thoughts(&self) -> &str {
        match text(self.reasoning.as_ref()) {
            "" => text(self.reasoning_content.as_ref()),
            thoughts => thoughts,
        }
    }
}

/// The text of an optional string: empty when there is none.
pub(super) fn text<'s>(string: Option<&'s Str<'_>>) -> &'s str {
    string.map_or("", |string| &string.0)
}

/// Reads the data of one event.
pub(super) fn read(data: &[u8]) -> Result<Chunk<'_>, UpstreamError> {
    let text = std::str::from_utf8(data).map_err(|_| protocol("an event is not UTF-8"))?;
    // serde would read an array as the fields in order.
    if !text.starts_with('{') {
        return Err(protocol("an event is not a JSON object"));
    }
    serde_json::from_str(text).map_err(|error| {
        let detail = format!("an event is not a chunk: {error}");
        UpstreamError::Protocol { detail }
    })
}
