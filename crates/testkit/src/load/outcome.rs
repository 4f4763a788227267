//! How one request ended.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// In which form an answer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One body.
    Plain,
    /// A stream of events.
    Stream,
}

/// The end of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A complete answer of the model.
    Whole,
    /// A complete answer with a status of failure, and the `code` (or `type`) of its error.
    Refused(u16, String),
    /// A 200 that told of a failure in order: an error event, a response that failed; with its code.
    Told(String),
    /// A 200 that ended without its proper end; the reason is for people.
    Cut(String),
    /// No answer at all.
    NoAnswer(String),
}

/// What became of one request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The number of the request, from 0.
    pub number: usize,
    /// The form that was asked for.
    pub form: Form,
    /// When it was sent.
    pub sent: Instant,
    /// How it ended.
    pub end: End,
    /// The time to the head of the answer.
    pub head: Option<Duration>,
    /// The time to the first content of the model: text, reasoning, a tool call. Roles, ids and
    /// events such as `response.created` are none.
    pub content: Option<Duration>,
    /// The time to the end.
    pub total: Duration,
    /// The model names in the answer.
    pub models: BTreeSet<String>,
    /// Marks of other requests in the answer.
    pub foreign: BTreeSet<String>,
    /// `retry-after` of the answer.
    pub retry_after: Option<String>,
}

impl Outcome {
    /// Whether it failed although none of the model's content had reached the client: another backend
    /// could have answered it.
    pub fn failed_unbegun(&self) -> bool {
        self.end != End::Whole && self.content.is_none()
    }
}
