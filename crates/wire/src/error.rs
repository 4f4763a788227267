//! Errors in OpenAI's shape, in both directions.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use serde::Serialize;
use transom_core::failure::Public;
use transom_core::upstream_error::Report;

use crate::scan::{View, view};
use crate::sse;

mod names;
mod symptom;

pub use names::show_model;
pub use symptom::symptom;

/// How much of an error that is not JSON is kept for the log, in characters.
const EXCERPT: usize = 512;

/// The longest message that is passed on, in characters. vLLM lists every validation error it
/// finds and quotes the input.
const MAX_MESSAGE: usize = 4096;

/// The body of an error answer: `{"error":{message,type,param,code}}`, with its nulls.
pub fn openai_body(public: &Public) -> Bytes {
    Bytes::from(to_json(public))
}

/// An error on a WebSocket that belongs to no stream, for both kinds of readers: the fields of the
/// error event of a stream, and beside them the body of an error answer with the status that it
/// would have had, as OpenAI's WebSocket mode sends it.
pub fn socket_event(public: &Public) -> Bytes {
    let event = Event {
        kind: "error",
        sequence_number: 0,
        code: &public.code,
        message: &public.message,
        param: public.param.as_deref(),
        status: public.status.as_u16(),
        error: wire(public),
    };
    Bytes::from(encode(&event))
}

/// The last event of a chat stream that failed: one `data: {"error":…}`, and no `[DONE]` after it.
pub fn chat_stream_error(public: &Public, out: &mut BytesMut) {
    sse::write_event(out, None, &to_json(public));
}

fn to_json(public: &Public) -> Vec<u8> {
    encode(&Envelope { error: wire(public) })
}

fn encode(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_else(|_| unreachable!("strings are always valid JSON"))
}

fn wire(public: &Public) -> Wire<'_> {
    Wire {
        message: &public.message,
        kind: public.kind.word(),
        param: public.param.as_deref(),
        code: &public.code,
    }
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    sequence_number: u64,
    code: &'a str,
    message: &'a str,
    param: Option<&'a str>,
    status: u16,
    error: Wire<'a>,
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

/// Reads what a model server said about an error in an answer with a status of its own.
pub fn status_report(status: StatusCode, body: &[u8]) -> Report {
    let report = words(body);
    Report { symptom: symptom(status, &report), ..report }
}

/// Reads what a model server said about an error where no status tells: in a stream, or under 200.
/// Its code stands in for the status.
pub fn parse_report(body: &[u8]) -> Report {
    let report = words(body);
    let code = report.code.as_deref().and_then(|code| code.parse().ok());
    let status = code.and_then(|code: u16| StatusCode::from_u16(code).ok());
    // Without any code it is at least known that the server failed.
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Report { symptom: symptom(status, &report), ..report }
}

/// Any shape known: OpenAI's envelope (vLLM, llama.cpp), vLLM's former bare object, a bare
/// `detail`, or anything else as an excerpt.
fn words(body: &[u8]) -> Report {
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
        kind: field("type").map(String::into_boxed_str),
        param: field("param"),
        code: field("code").map(String::into_boxed_str),
        symptom: None,
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
