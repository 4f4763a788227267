//! What there is to say about a configuration: problems, which stop the program, and notices.

use std::fmt;

use crate::{Origin, value::Invalid};

/// Something that must be corrected before the program can run. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The flag, variable or file and line to change.
    pub at: Origin,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(at: Origin, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A value that does not parse.
    pub(crate) fn invalid(at: Origin, invalid: Invalid) -> Self {
        Self { at, message: invalid.message, hint: invalid.hint }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Something the operator should know that does not stop the program. One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub at: Origin,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// Everything found so far, in the order it was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Each of them stops the program.
    pub problems: Vec<Problem>,
    /// None of them does.
    pub notices: Vec<Notice>,
}

impl Findings {
    pub(crate) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(crate) fn notice(&mut self, at: Origin, message: impl Into<String>) {
        self.notices.push(Notice { at, message: message.into() });
    }
}
