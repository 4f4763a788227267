//! Refusals of a request, in OpenAI's words: a code for programs, and the field as a path.

use serde_json::value::RawValue;
use transom_core::failure::Failure;

use super::path::Path;

/// A field that has to be there is absent or null.
pub(super) fn missing(path: &Path<'_>) -> Failure {
    let message = format!("Missing required parameter: '{path}'.");
    Failure::invalid(&path.to_string(), "missing_required_parameter", message)
}

/// A value of another JSON type than `expected`, which reads like `a string`.
pub(super) fn wrong_type(path: &Path<'_>, expected: &str, got: &RawValue) -> Failure {
    let got = kind(got);
    let message = format!("Invalid type for '{path}': expected {expected}, but got {got} instead.");
    Failure::invalid(&path.to_string(), "invalid_type", message)
}

/// A value of the right type that makes no sense; `why` is a whole sentence.
pub(super) fn wrong_value(path: &Path<'_>, why: &str) -> Failure {
    Failure::invalid(&path.to_string(), "invalid_value", format!("Invalid '{path}': {why}"))
}

/// A word that is not in the list of those that exist.
pub(super) fn wrong_word(path: &Path<'_>, got: &str, supported: &[&str]) -> Failure {
    let list = list(supported);
    let why = format!("the value '{}' is not one of {list}.", shortened(got));
    wrong_value(path, &why)
}

/// A value that OpenAI knows and this gateway does not offer; `why` is a whole sentence.
pub(super) fn unsupported_value(path: &Path<'_>, why: &str) -> Failure {
    let message = format!("Unsupported value for '{path}': {why}");
    Failure::invalid(&path.to_string(), "unsupported_value", message)
}

/// A field that OpenAI knows and this gateway does not offer; `why` is a whole sentence.
pub(super) fn unsupported_parameter(path: &Path<'_>, why: &str) -> Failure {
    let message = format!("Unsupported parameter: '{path}'. {why}");
    Failure::invalid(&path.to_string(), "unsupported_parameter", message)
}

/// A field that does not exist; `hint` is a whole sentence or empty.
pub(super) fn unknown_parameter(path: &Path<'_>, hint: &str) -> Failure {
    let message = format!("Unknown parameter: '{path}'. {hint}");
    Failure::invalid(&path.to_string(), "unknown_parameter", message.trim_end().to_owned())
}

/// Two fields that cannot stand together; the error names the first.
pub(super) fn mutually_exclusive(name: &str, other: &str) -> Failure {
    let message =
        format!("Mutually exclusive parameters: '{name}' and '{other}'. Send one of them.");
    Failure::invalid(name, "mutually_exclusive_parameters", message)
}

/// A number outside its range; `code` is OpenAI's word for the direction.
pub(super) fn out_of_range(
    path: &Path<'_>,
    code: &'static str,
    bound: &str,
    got: &RawValue,
) -> Failure {
    let got = shortened(got.get());
    let message = format!("Invalid '{path}': expected a value {bound}, but got {got} instead.");
    Failure::invalid(&path.to_string(), code, message)
}

/// `'a', 'b', 'c'`
pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

/// The most characters of a client's own value that an error repeats.
const MAX_QUOTED: usize = 64;

fn shortened(text: &str) -> String {
    if text.chars().nth(MAX_QUOTED).is_none() {
        return text.to_owned();
    }
    text.chars().take(MAX_QUOTED).chain(['…']).collect()
}

fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if raw.get().contains(['.', 'e', 'E']) => "a decimal number",
        _ => "an integer",
    }
}
