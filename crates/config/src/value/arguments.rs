//! The arguments of a vLLM child.

use std::fmt;

use crate::value::{Invalid, Raw, Value};

/// Options of `vllm serve` whose value is a credential.
const SECRET_OPTIONS: [&str; 2] = ["--api-key", "--hf-token"];

/// Arguments passed on verbatim, blank ones included. `Debug` hides them when one is a credential,
/// and so does `config show`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// In the order they are passed.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub(crate) fn extend(&mut self, name: &str, value: String) {
        self.0.extend([name.to_owned(), value]);
    }

    /// The value of an option in both spellings, `--name value` and `--name=value`; of several the
    /// last one counts.
    pub(crate) fn option(&self, name: &str) -> OptionValue<'_> {
        let mut found = OptionValue::Absent;
        let mut rest = self.0.iter();
        while let Some(argument) = rest.next() {
            if argument == name {
                found = rest.next().map_or(OptionValue::Missing, |value| OptionValue::Is(value));
            } else if let Some(value) =
                argument.strip_prefix(name).and_then(|rest| rest.strip_prefix('='))
            {
                found = OptionValue::Is(value);
            }
        }
        found
    }

    fn holds_secret(&self) -> bool {
        SECRET_OPTIONS.iter().any(|name| self.option(name) != OptionValue::Absent)
    }
}

/// What arguments say about an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionValue<'a> {
    /// It is not there.
    Absent,
    /// It ends the arguments.
    Missing,
    /// It has this value.
    Is(&'a str),
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.holds_secret() { f.write_str("Arguments(…)") } else { self.0.fmt(f) }
    }
}

impl Value for Arguments {
    fn form() -> String {
        "list of text".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Invalid> {
        Ok(Self(match raw {
            Raw::Scalar(text) => vec![text.clone()],
            Raw::List(items) => items.clone(),
        }))
    }

    fn render(&self) -> Option<Raw> {
        (!self.holds_secret()).then(|| Raw::List(self.0.clone()))
    }
}
