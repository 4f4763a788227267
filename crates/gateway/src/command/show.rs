//! `transom config show`: the effective configuration.

use std::process::ExitCode;

use crate::output;

/// Prints the native form, with the origin of every value and without secrets.
pub(crate) fn run(yaml: &str) -> ExitCode {
    output::text(yaml);
    ExitCode::SUCCESS
}
