//! A whole answer.

use bytes::Bytes;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;

use super::chunk::{self, Content};
use super::{ShownModel, usage};
use crate::error::parse_report;

/// A whole answer that may go to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its bytes. Where only the model's name was put right, every other byte is as it came.
    pub body: Bytes,
    /// What it cost, if the server said so and it can be true. Answers to embeddings, rerank and
    /// score requests have tokens of the prompt only.
    pub usage: Option<Usage>,
}

/// Checks that a 200 answer is one JSON object and not an error in disguise, reads its usage, and
/// puts the name that the client asked for, if one is given, in the place of its `model`.
///
/// # Errors
///
/// [`UpstreamError::Protocol`] for anything else, such as an empty body or HTML,
/// [`UpstreamError::Reported`] for an error object.
pub fn read_body(body: &Bytes, shown: Option<&ShownModel>) -> Result<Answer, UpstreamError> {
    let answer = chunk::read(body, Content::Seen)?;
    if answer.error {
        return Err(UpstreamError::Reported(parse_report(body)));
    }
    let usage = answer.usage.and_then(|usage| usage::parse(usage).ok().flatten());
    let body = match (shown, answer.model) {
        (Some(shown), Some(model)) => shown.in_body(body, model),
        _ => body.clone(),
    };
    Ok(Answer { body, usage })
}
