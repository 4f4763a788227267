//! Values: how a piece of text becomes a typed setting, and how it is written back.
//!
//! Flags, variables and files all go through the same [`Value::parse`], so a value is accepted or
//! refused in the same words wherever it is written.

mod amount;
mod arguments;
mod bind_host;
mod bytes;
mod choice;
mod database;
mod host_port;
mod name;
mod ratio;
mod secret_ref;
mod span;
mod text;
mod url;
mod whole;
mod word;

pub(crate) use self::arguments::OptionValue;
pub(crate) use self::choice::{choice, unknown_word};
pub use self::{
    amount::Amount,
    arguments::Arguments,
    bind_host::BindHost,
    bytes::ByteSize,
    database::Database,
    host_port::HostPort,
    name::Name,
    ratio::Ratio,
    secret_ref::SecretRef,
    span::Timeout,
    text::{FieldName, MetricsRoute},
    url::{BaseUrl, LoopbackUrl, WebOrigin},
    whole::Whole,
};

use std::fmt;

/// A value as written, before it means anything.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// One piece of text.
    Scalar(String),
    /// A repeated flag or a list in a file.
    List(Vec<String>),
}

/// Hides the text: it may be a credential.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(_) => f.write_str("Scalar(…)"),
            Self::List(items) => write!(f, "List({} items)", items.len()),
        }
    }
}

/// Why a text is not a value. Neither part ever repeats a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Invalid {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The type of a setting.
pub trait Value: Sized {
    /// What to write, for the reference: `true or false`, `duration`.
    fn form() -> String;
    /// Reads the value or says why it cannot be read.
    fn parse(raw: &Raw) -> Result<Self, Invalid>;
    /// The shortest text that parses to the same value; `None` for a credential.
    fn render(&self) -> Option<Raw>;
}

/// A [`Value`] written as one piece of text.
pub trait Scalar: Sized {
    /// See [`Value::form`].
    fn form() -> String;
    /// Reads trimmed, non-blank text.
    fn read(text: &str) -> Result<Self, Invalid>;
    /// See [`Value::render`].
    fn text(&self) -> Option<String>;
}

impl<T: Scalar> Value for T {
    fn form() -> String {
        T::form()
    }

    fn parse(raw: &Raw) -> Result<Self, Invalid> {
        match raw {
            Raw::Scalar(text) => read_trimmed(text),
            Raw::List(_) => Err(Invalid::new(format!("expected one {}, not a list", T::form()))),
        }
    }

    fn render(&self) -> Option<Raw> {
        self.text().map(Raw::Scalar)
    }
}

/// The items are not trimmed away when blank: an empty list is `[]`.
impl<T: Scalar> Value for Vec<T> {
    fn form() -> String {
        format!("list of {}", T::form())
    }

    fn parse(raw: &Raw) -> Result<Self, Invalid> {
        match raw {
            Raw::Scalar(text) => Ok(vec![read_trimmed(text)?]),
            Raw::List(items) => items.iter().map(|item| read_trimmed(item)).collect(),
        }
    }

    fn render(&self) -> Option<Raw> {
        self.iter().map(Scalar::text).collect::<Option<_>>().map(Raw::List)
    }
}

fn read_trimmed<T: Scalar>(text: &str) -> Result<T, Invalid> {
    match text.trim() {
        "" => Err(Invalid::new(format!("is blank, expected {}", T::form()))),
        text => T::read(text),
    }
}

#[cfg(test)]
mod tests;
