//! What is said to people on standard output and standard error.
//!
//! A closed pipe is not an error: whoever closed it does not want to read on.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::process::ExitCode;

use transom_config::Colour;

/// Exit code for a configuration that cannot be used, a busy port, a store that does not open.
pub(crate) const CONFIGURATION_ERROR: u8 = 2;

/// A line on standard output.
pub(crate) fn line(text: &str) {
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Text on standard output, as it is.
pub(crate) fn text(text: &str) {
    let _ = write!(stdout().lock(), "{text}");
}

/// Something that stops the program.
pub(crate) fn problem(text: &str) {
    let _ = writeln!(stderr().lock(), "[serve] error: {text}");
}

/// Something to know.
pub(crate) fn notice(notice: &impl Display) {
    let _ = writeln!(stderr().lock(), "[serve] {notice}");
}

/// Usage errors and help, in clap's own form and with its own code.
pub(crate) fn usage(error: &transom_config::UsageError) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(CONFIGURATION_ERROR))
}

/// Colour for people, none for pipes.
pub(crate) fn colour() -> Colour {
    if stdout().is_terminal() { Colour::On } else { Colour::Off }
}
