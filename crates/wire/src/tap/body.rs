//! A whole answer.

use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;

use super::{chunk, usage};
use crate::error::parse_report;

/// Checks that a 200 answer is one JSON object and not an error in disguise; gives the usage of a
/// chat, completions or embeddings answer, if it has any that can be true.
///
/// # Errors
///
/// [`UpstreamError::Protocol`] for anything else, such as an empty body or HTML,
/// [`UpstreamError::Reported`] for an error object.
pub fn read_body(body: &[u8]) -> Result<Option<Usage>, UpstreamError> {
    let answer = chunk::read(body)?;
    if answer.error {
        return Err(UpstreamError::Reported(parse_report(body)));
    }
    Ok(answer.usage.and_then(|usage| usage::parse(usage).ok().flatten()))
}
