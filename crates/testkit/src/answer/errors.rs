//! Error bodies as vLLM 0.32 sends them (recorded in `data/vllm/err_*.json`).

use std::time::Duration;

use serde::Serialize;

use super::{Answer, json};

mod date;

/// vLLM's error envelope; `code` is the HTTP status as a number.
#[derive(Clone, Debug, Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct Body<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: u16,
}

/// The text of an error object, for bodies and for events in the middle of a stream.
pub fn object(status: u16, message: &str, kind: &str, param: Option<&str>) -> String {
    let error = Body { message, r#type: kind, param, code: status };
    serde_json::to_string(&Envelope { error }).expect("strings serialize")
}

/// Any error in the envelope.
pub fn error(status: u16, message: &str, kind: &str, param: Option<&str>) -> Answer {
    json(status, object(status, message, kind, param))
}

/// 400 with a value the engine refuses.
pub fn bad_request(message: &str, param: Option<&str>) -> Answer {
    error(400, message, "BadRequestError", param)
}

/// 404 for a model that is not served here.
pub fn model_not_found(model: &str, served: &[String]) -> Answer {
    let aliases = served.join(", ");
    let message = format!("The model `{model}` does not exist. Valid aliases: {aliases}.");
    error(404, &message, "NotFoundError", Some("model"))
}

/// 400 for a prompt longer than the model's context, in tokens.
pub fn context_too_long(limit: u32, tokens: u32) -> Answer {
    let message = format!(
        "This model's maximum context length is {limit} tokens. However, your prompt contains at \
         least {tokens} input tokens, which exceeds this limit even without any output tokens. \
         Please reduce the length of the input prompt. (parameter=input_tokens, value={tokens})"
    );
    bad_request(&message, Some("input_tokens"))
}

/// 401 as vLLM's key check answers it, outside the envelope.
pub fn unauthorized() -> Answer {
    json(401, r#"{"error":"Unauthorized"}"#)
}

/// 404 of an unknown route, outside the envelope.
pub fn no_route() -> Answer {
    json(404, r#"{"detail":"Not Found"}"#)
}

/// 405 of a known route, outside the envelope.
pub fn no_method() -> Answer {
    json(405, r#"{"detail":"Method Not Allowed"}"#)
}

/// 429 with `retry-after` in whole seconds.
pub fn rate_limited(retry_after: Duration) -> Answer {
    error(429, "Too many requests", "RateLimitError", None)
        .header("retry-after", &retry_after.as_secs().to_string())
}

/// 429 or 503 with any `retry-after`, such as [`http_date`], junk, or ten years of seconds.
pub fn come_back(status: u16, retry_after: &str) -> Answer {
    let kind = if status == 429 { "RateLimitError" } else { "ServiceUnavailableError" };
    error(status, "Come back later", kind, None).header("retry-after", retry_after)
}

/// The time so far from now as a date of HTTP (RFC 9110, section 5.6.7).
#[expect(clippy::disallowed_methods, reason = "the peer compares the date with its own clock")]
pub fn http_date(from_now: Duration) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    date::imf_fixdate((now.unwrap_or_default() + from_now).as_secs())
}

/// A redirect to another place.
pub fn redirect(status: u16, location: &str) -> Answer {
    Answer::empty(status).header("location", location)
}

/// 503 of a server whose model is not loaded yet.
pub fn loading() -> Answer {
    error(503, "Loading model", "unavailable_error", None)
}

/// 503 as a server that sheds load answers.
pub fn overloaded() -> Answer {
    error(503, "The server is overloaded", "ServiceUnavailableError", None)
}

/// 500 as an engine that died answers.
pub fn internal() -> Answer {
    error(500, "EngineCore encountered an issue.", "InternalServerError", None)
}
