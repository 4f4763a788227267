//! Fields that nobody here knows.

use std::borrow::Cow;

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::{Failure, Invalid};

use crate::responses::path::Path;
use crate::responses::read::Object;
use crate::responses::refuse;

/// The most unknown fields that one request may have.
pub const MAX_EXTRA: usize = 64;

/// Fields of other APIs, which would clash with what the gateway itself writes for the model
/// server, and what to send instead.
const CLASHING: &[(&str, &str)] = &[
    ("audio", "There is no audio here."),
    ("function_call", "Use 'tool_choice'."),
    ("functions", "Use 'tools'."),
    ("logprobs", "Use 'top_logprobs', or 'include' with 'message.output_text.logprobs'."),
    ("max_completion_tokens", "Use 'max_output_tokens'."),
    ("max_tokens", "Use 'max_output_tokens'."),
    ("messages", "Use 'input'."),
    ("modalities", "Answers are text."),
    ("n", "There is one answer to a request."),
    ("previous_responses_id", "Use 'previous_response_id'."),
    ("reasoning_effort", "Use 'reasoning.effort'."),
    ("response_format", "Use 'text.format'."),
    ("verbosity", "Use 'text.verbosity'."),
];

/// What is left of a request when all known fields have been taken.
pub(super) fn read(fields: Object<'_, '_>) -> Result<Vec<(String, Json)>, Failure> {
    let rest = fields.into_rest();
    if rest.len() > MAX_EXTRA {
        return Err(Failure::Invalid(Invalid {
            param: None,
            code: "unknown_parameter",
            message: format!("The request has more than {MAX_EXTRA} unknown fields."),
        }));
    }
    rest.into_iter().map(keep).collect()
}

fn keep((name, raw): (Cow<'_, str>, &RawValue)) -> Result<(String, Json), Failure> {
    match CLASHING.iter().find(|(clashing, _)| *clashing == name) {
        Some((_, hint)) => Err(refuse::unknown_parameter(&Path::Root.field(&name), hint)),
        None => Ok((name.into_owned(), raw.to_owned())),
    }
}
