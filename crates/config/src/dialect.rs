//! Configuration files in every dialect Transom reads.
//!
//! A dialect lowers a text into a [`Draft`] whose values carry their line, and reports what it
//! cannot express as findings. To add one: a file beside `native.rs` with a `lower` of the same
//! shape, and a line in [`lower`] that recognises it.

mod native;

use crate::{Draft, problem::Findings};

/// Lowers a configuration file. `file` is its name as the operator wrote it.
pub(crate) fn lower(file: &str, text: &str, found: &mut Findings) -> Draft {
    native::lower(file, text, found)
}
