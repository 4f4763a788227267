//! One validating pass over an untouched JSON body.
//!
//! A body that the gateway sends on as it came must mean the same to everybody who reads it: so
//! duplicate keys, lone surrogates, U+0000, byte order marks and numbers beyond a double are
//! refused here, where JSON (RFC 8259) leaves them to each reader. The pass builds no tree and
//! does not recurse; it keeps the keys of the open objects and the spans of the top-level fields.
//!
//! # Layout
//!
//! - `grammar`: the pass itself, told to a visitor.
//! - `string`: the inside of strings, eight bytes at a time.
//! - `number`: numbers that a double can hold.
//! - `keys`: no key twice.
//! - `head`: what the gateway wants to know of a request body; `route`: what it wants to know to
//!   choose a server for it.
//! - `view`: one level of an already validated value, for the few that need a closer look.

use std::ops::Range;

mod error;
mod grammar;
mod head;
mod keys;
mod number;
mod route;
mod string;
mod view;

pub use error::{Error, Fault};
pub use grammar::MAX_DEPTH;
pub(crate) use grammar::{Container, Visitor, walk};
pub use head::{Field, Head, Part, StreamOptions};
pub(crate) use string::Rules;
pub(crate) use view::{Member, View, view};

/// A piece of a body, in bytes from its start.
pub type Span = Range<usize>;

/// The bounds of [`scan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many arrays and objects may be open at once; [`MAX_DEPTH`] at most.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64 }
    }
}

/// Validates a request body and finds the fields that the gateway has to know.
///
/// # Errors
///
/// The first thing that is wrong, with its place. Every error becomes a 400.
pub fn scan(body: &[u8], limits: &Limits) -> Result<Head, Error> {
    let text = utf8(body)?;
    head::read(text, limits.depth)
}

/// Validates a body that has no model: any JSON object, by the same rules.
///
/// # Errors
///
/// As [`scan`].
pub fn check(body: &[u8], limits: &Limits) -> Result<(), Error> {
    let text = utf8(body)?;
    head::check(text, limits.depth)
}

/// The body as text: not empty, UTF-8, without a byte order mark (RFC 8259 section 8.1).
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Error> {
    if body.is_empty() {
        return Err(Fault::Empty.at(0));
    }
    let text = std::str::from_utf8(body).map_err(|error| Fault::NotUtf8.at(error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err(Fault::ByteOrderMark.at(0));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
