//! What can be wrong with a body.

use transom_core::failure::{Failure, Invalid};

/// The first thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not JSON, or JSON that readers understand differently.
    #[error("The request body is not valid JSON: {fault} (byte {at}).")]
    Json {
        /// Where, in bytes from the start.
        at: usize,
        /// What.
        fault: Fault,
    },
    /// A key appears twice in one object: readers disagree about which one counts.
    #[error("The key '{key}' appears twice in one object (byte {at}).")]
    DuplicateKey {
        /// Where the second one is.
        at: usize,
        /// The key, cut to a readable length.
        key: String,
    },
    /// A field that the gateway needs is not there.
    #[error("The field '{0}' is required.")]
    Missing(&'static str),
    /// A field that the gateway reads has the wrong type.
    #[error("The field '{field}' must be {expected}.")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// Why bytes are not acceptable JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing at all.
    #[error("it is empty")]
    Empty,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It begins with U+FEFF.
    #[error("it begins with a byte order mark")]
    ByteOrderMark,
    /// It is JSON but not an object.
    #[error("it must be an object")]
    NotAnObject,
    /// Something else has to stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Something follows the value.
    #[error("something follows the end")]
    Trailing,
    /// A control character in a string.
    #[error("a control character must be escaped in a string")]
    Control,
    /// An unknown or cut escape.
    #[error("an escape is not one of JSON's")]
    Escape,
    /// Half of a surrogate pair.
    #[error("a \\u escape is half of a surrogate pair")]
    LoneSurrogate,
    /// U+0000, which databases and engines do not take.
    #[error("U+0000 is not allowed in strings")]
    Nul,
    /// NaN or an infinity.
    #[error("NaN and infinities are not JSON")]
    NotANumber,
    /// More digits than anybody needs.
    #[error("a number has too many digits")]
    LongNumber,
    /// A number beyond the largest double.
    #[error("a number is too large")]
    HugeNumber,
    /// Too many open arrays and objects.
    #[error("it is nested more than {limit} deep")]
    Deep {
        /// The limit.
        limit: u32,
    },
    /// Too many keys in one object.
    #[error("an object has more than {limit} keys")]
    ManyKeys {
        /// The limit.
        limit: usize,
    },
    /// Too many content parts that are not plain text.
    #[error("there are more than {limit} content parts")]
    ManyParts {
        /// The limit.
        limit: usize,
    },
}

impl Fault {
    pub(crate) fn at(self, at: usize) -> Error {
        Error::Json { at, fault: self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (param, code) = match error {
            Error::Json { .. } => (None, "invalid_json"),
            Error::DuplicateKey { key, .. } => (Some(key), "duplicate_key"),
            Error::Missing(field) => (Some(field.to_owned()), "missing_required_parameter"),
            Error::WrongType { field, .. } => (Some(field.to_owned()), "invalid_type"),
        };
        Self::Invalid(Invalid { param, code, message })
    }
}
