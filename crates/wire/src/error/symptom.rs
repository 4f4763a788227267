//! Tells from a model server's words what ails it.
//!
//! Each pattern is a piece of an answer that a real server gave to us (vLLM 0.32.0, llama.cpp's
//! server; the tests read the recordings), or is marked as unverified: taken from a server's
//! documentation or source and never seen by us.

use http::StatusCode;
use transom_core::upstream_error::{Report, Symptom};

/// Which answers a pattern is looked for in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    /// 4xx.
    Refusals,
    /// 5xx.
    Failures,
    /// Both.
    All,
}

/// A piece of a message in lower case, and what it tells. The first that is found counts.
const MESSAGES: &[(In, &str, Symptom)] = &[
    // vLLM, `err_too_long`.
    (In::Refusals, "maximum context length", Symptom::ContextTooLong),
    // vLLM, `err_max_tokens_too_big`.
    (In::Refusals, "cannot be greater than max_model_len", Symptom::ContextTooLong),
    // llama.cpp, `err_too_long`.
    (In::Refusals, "exceeds the available context size", Symptom::ContextTooLong),
    // llama.cpp, `err_template`: what a template raises. It comes before the parser's words, which
    // stand around it.
    (In::All, "jinja exception", Symptom::Template),
    // vLLM, `err_empty_messages`.
    (In::All, "cannot apply chat template", Symptom::Template),
    // vLLM without any template; unverified.
    (In::All, "default chat template is no longer allowed", Symptom::Template),
    // llama.cpp, `err_tool_parser`.
    (In::All, "unable to generate parser for this template", Symptom::ToolParser),
    // llama.cpp, `err_tools_without_jinja`.
    (In::All, "tools param requires --jinja", Symptom::ToolParser),
    // vLLM without --enable-auto-tool-choice, before 0.32; unverified.
    (In::All, "--tool-call-parser", Symptom::ToolParser),
    // llama.cpp, where a call cannot be read; unverified.
    (In::Failures, "failed to parse input", Symptom::ToolParser),
    // vLLM, `err_engine_dead`.
    (In::Failures, "enginecore encountered an issue", Symptom::EngineDead),
    // Older vLLM; unverified.
    (In::Failures, "enginedeaderror", Symptom::EngineDead),
    (In::Failures, "background loop has errored", Symptom::EngineDead),
    // llama.cpp, `err_loading`.
    (In::Failures, "loading model", Symptom::Loading),
    // vLLM with a limit on its queue; unverified.
    (In::Failures, "currently busy and cannot accept new requests", Symptom::Overloaded),
    (In::Failures, "prefill token backlog limit", Symptom::Overloaded),
    // llama.cpp, `err_out_of_kv_cache`: the requests of all slots together.
    (In::Failures, "context size has been exceeded", Symptom::OutOfMemory),
    // CUDA, ROCm and the like; unverified.
    (In::Failures, "out of memory", Symptom::OutOfMemory),
    (In::Failures, "kv cache", Symptom::OutOfMemory),
];

/// A `code` or `type` of a refusal and what it tells.
const CODES: &[(&str, Symptom)] = &[
    // OpenAI's code, which other gateways repeat.
    ("context_length_exceeded", Symptom::ContextTooLong),
    // llama.cpp's type, `err_too_long`.
    ("exceed_context_size_error", Symptom::ContextTooLong),
    // OpenAI's and Azure's codes; unverified.
    ("content_policy_violation", Symptom::ContentPolicy),
    ("content_filter", Symptom::ContentPolicy),
];

/// What ails a server that answered `status` and said this; `None`: its words do not tell.
pub fn symptom(status: StatusCode, report: &Report) -> Option<Symptom> {
    let fits = match status.as_u16() {
        400..=499 => In::Refusals,
        500..=599 => In::Failures,
        _ => return None,
    };
    if fits == In::Refusals {
        let words = [&report.code, &report.kind];
        let is = |code: &str| words.iter().any(|word| word.as_deref() == Some(code));
        if let Some((_, symptom)) = CODES.iter().find(|(code, _)| is(code)) {
            return Some(*symptom);
        }
    }
    let message = report.message.to_lowercase();
    let found = MESSAGES
        .iter()
        .find(|(place, piece, _)| (*place == In::All || *place == fits) && message.contains(piece));
    found.map(|(_, _, symptom)| *symptom)
}
