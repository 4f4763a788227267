//! Errors in OpenAI's shape, in both directions.

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use transom_core::failure::Public;
use transom_core::upstream_error::Report;

use crate::scan::{View, view};
use crate::sse;

/// How much of an error that is not JSON is kept for the log, in characters.
const EXCERPT: usize = 512;

/// The longest message that is passed on, in characters. vLLM lists every validation error it
/// finds and quotes the input.
const MAX_MESSAGE: usize = 4096;

/// The body of an error answer: `{"error":{message,type,param,code}}`, with its nulls.
pub fn openai_body(public: &Public) -> Bytes {
    Bytes::from(to_json(public))
}

/// The last event of a chat stream that failed: one `data: {"error":…}`, and no `[DONE]` after it.
pub fn chat_stream_error(public: &Public, out: &mut BytesMut) {
    sse::write_event(out, None, &to_json(public));
}

fn to_json(public: &Public) -> Vec<u8> {
    let error = Wire {
        message: &public.message,
        kind: public.kind.word(),
        param: public.param.as_deref(),
        code: &public.code,
    };
    serde_json::to_vec(&Envelope { error })
        .unwrap_or_else(|_| unreachable!("strings are always valid JSON"))
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Wire<'a>,
}

#[derive(Serialize)]
struct Wire<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

/// Reads what a model server said about an error, in any shape known: OpenAI's envelope (vLLM,
/// llama.cpp), vLLM's former bare object, a bare `detail`, or anything else as an excerpt.
pub fn parse_report(body: &[u8]) -> Report {
    known_shape(body).unwrap_or_else(|| Report {
        message: excerpt(&String::from_utf8_lossy(body), EXCERPT),
        ..Report::default()
    })
}

fn known_shape(body: &[u8]) -> Option<Report> {
    let outer = view(std::str::from_utf8(body).ok()?).ok()?;
    if let Some(error) = outer.get("error").filter(|error| *error != "null") {
        return Some(match view(error).ok()? {
            inner @ View::Object(_) => fields(&inner),
            _ => Report { message: text(error), ..Report::default() },
        });
    }
    if let Some(detail) = outer.get("detail") {
        return Some(Report { message: text(detail), ..Report::default() });
    }
    outer.get("message").map(|_| fields(&outer))
}

fn fields(error: &View<'_>) -> Report {
    let field = |name| error.get(name).filter(|value| *value != "null").map(text);
    Report {
        message: field("message").unwrap_or_default(),
        kind: field("type"),
        param: field("param"),
        code: field("code"),
    }
}

/// A string as what it says, anything else as it is spelled; never more than [`MAX_MESSAGE`].
fn text(value: &str) -> String {
    match view(value) {
        Ok(View::String(text)) => excerpt(&text, MAX_MESSAGE),
        _ => excerpt(value, MAX_MESSAGE),
    }
}

fn excerpt(text: &str, limit: usize) -> String {
    text.trim().chars().take(limit).collect()
}

#[cfg(test)]
mod tests;
