//! A whole answer.

use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;

use super::{chunk, usage};
use crate::error::parse_report;

/// Checks that a 200 answer is one JSON object and not an error in disguise.
///
/// # Errors
///
/// [`UpstreamError::Protocol`] for anything else, such as an empty body or HTML,
/// [`UpstreamError::Reported`] for an error object.
pub fn check_body(body: &[u8]) -> Result<(), UpstreamError> {
    if chunk::read(body)?.error {
        return Err(UpstreamError::Reported(parse_report(body)));
    }
    Ok(())
}

/// The usage in a chat, completions or embeddings answer, if it has any that can be true.
pub fn usage_of_body(body: &[u8]) -> Option<Usage> {
    usage::parse(chunk::read(body).ok()?.usage?).ok().flatten()
}
