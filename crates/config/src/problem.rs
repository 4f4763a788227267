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

impl Problem {
    /// Message and advice, without the place.
    pub(crate) fn said(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} ({hint})", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.said())
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

/// What becomes of a key of another program's configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It means the same here.
    Exact,
    /// Something near to it is done.
    Approximated,
    /// It is known, and needs nothing here.
    NoEffect,
    /// What it asks for is not done.
    Unsupported,
}

impl Treatment {
    /// The word in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximated => "approximated",
            Self::NoEffect => "no effect",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What becomes of one key of a file that was written for another program. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, line and key.
    pub at: Origin,
    /// What becomes of it.
    pub treatment: Treatment,
    /// What is done, or why nothing is, in one sentence.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without advice.
    pub(crate) fn new(at: Origin, treatment: Treatment, message: impl Into<String>) -> Self {
        Self { at, treatment, message: message.into(), hint: None }
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As a problem, for `--strict`.
    fn problem(self) -> Problem {
        let message = format!("{}: {}", self.treatment.word(), self.message);
        Problem { at: self.at, message, hint: self.hint }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clone().problem().fmt(f)
    }
}

/// Everything found so far, in the order it was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Each of them stops the program.
    pub problems: Vec<Problem>,
    /// None of them does.
    pub notices: Vec<Notice>,
    /// What becomes of the keys of files in other dialects.
    pub findings: Vec<Finding>,
    /// Parts of files that hold policies and were left out on demand.
    pub left_out: Vec<Origin>,
}

impl Findings {
    /// Notes a problem; the same one twice (a key that several deployments share) is one.
    pub(crate) fn problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(crate) fn notice(&mut self, at: Origin, message: impl Into<String>) {
        self.notices.push(Notice { at, message: message.into() });
    }

    pub(crate) fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// `--strict`: what is not done exactly becomes a problem.
    pub(crate) fn make_strict(&mut self) {
        let (exact, rest) = std::mem::take(&mut self.findings)
            .into_iter()
            .partition(|finding| finding.treatment == Treatment::Exact);
        self.findings = exact;
        self.problems.extend(rest.into_iter().map(Finding::problem));
    }
}
