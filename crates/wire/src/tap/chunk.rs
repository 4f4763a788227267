//! What one chunk of a stream says, found in the pass that validates it.

use transom_core::upstream_error::UpstreamError;

use super::protocol;
use crate::scan::{Container, Error, Fault, MAX_DEPTH, Rules, Span, Visitor, utf8, walk};

/// Choices with higher places than this are watched together.
const LAST_CHOICE: u32 = u128::BITS - 1;

/// The facts of one chunk.
#[derive(Debug, Default)]
pub(super) struct Chunk<'a> {
    /// The value of `usage`.
    pub(super) usage: Option<&'a str>,
    /// Whether it is an error object: `error` that is not `null`, or `"object":"error"`.
    pub(super) error: bool,
    /// The choices it has.
    pub(super) choices: Choices,
    has_choices_field: bool,
}

/// A set of choices, one bit for each.
#[derive(Debug, Default)]
pub(super) struct Choices {
    seen: u128,
    finished: u128,
}

impl Chunk<'_> {
    /// The last chunk of a stream with `include_usage`: usage and an empty list of choices.
    pub(super) fn is_usage_only(&self) -> bool {
        self.has_choices_field
            && self.choices.seen == 0
            && self.usage.is_some_and(|usage| usage != "null")
    }
}

impl Choices {
    pub(super) fn add(&mut self, more: &Self) {
        self.seen |= more.seen;
        self.finished |= more.finished;
    }

    /// Whether the model has stopped in every choice that began.
    pub(super) fn all_finished(&self) -> bool {
        self.seen != 0 && self.seen == self.finished
    }
}

/// Validates one JSON object and finds its facts. Duplicate keys and half surrogate pairs of model
/// servers are their clients' business: the bytes pass through.
pub(super) fn read(data: &[u8]) -> Result<Chunk<'_>, UpstreamError> {
    let text = utf8(data).map_err(|error| not_json(&error))?;
    let mut reader = Reader { text, ..Reader::default() };
    walk(text, MAX_DEPTH, &mut reader).map_err(|error| not_json(&error))?;
    Ok(reader.chunk)
}

/// The fault and its place, without a byte of the answer.
fn not_json(error: &Error) -> UpstreamError {
    match error {
        Error::Json { at, fault } => protocol(&format!("not JSON: {fault} (byte {at})")),
        _ => protocol("not JSON"),
    }
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    chunk: Chunk<'a>,
    field: Option<Known>,
    start: usize,
    /// The member of the open choice whose value comes next, and what the choice has said.
    member: Option<Member>,
    index: u32,
    stopped: bool,
}

/// The top-level fields that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Usage,
    Error,
    Object,
    Choices,
}

/// The members of a choice that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Index,
    FinishReason,
}

impl Reader<'_> {
    fn field_value(&mut self, span: Span) {
        let value = &self.text[span];
        match self.field.take() {
            Some(Known::Usage) => self.chunk.usage = Some(value),
            Some(Known::Error) => self.chunk.error |= value != "null",
            Some(Known::Object) => self.chunk.error |= value == "\"error\"",
            Some(Known::Choices) | None => {}
        }
    }
}

impl<'a> Visitor<'a> for Reader<'a> {
    const RULES: Rules = Rules::Grammar;

    fn key(&mut self, key: &'a str, _at: usize, depth: u32) -> Result<(), Error> {
        match depth {
            1 => {
                self.field = match key {
                    "usage" => Some(Known::Usage),
                    "error" => Some(Known::Error),
                    "object" => Some(Known::Object),
                    "choices" => Some(Known::Choices),
                    _ => None,
                };
                self.chunk.has_choices_field |= key == "choices";
            }
            3 if self.field == Some(Known::Choices) => {
                self.member = match key {
                    "index" => Some(Member::Index),
                    "finish_reason" => Some(Member::FinishReason),
                    _ => None,
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, span: Span, depth: u32) -> Result<(), Error> {
        match (depth, self.member) {
            (0, _) => return Err(Fault::NotAnObject.at(span.start)),
            (1, _) => self.field_value(span),
            (3, Some(Member::Index)) => self.index = self.text[span].parse().unwrap_or_default(),
            (3, Some(Member::FinishReason)) => self.stopped = &self.text[span] != "null",
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, container: Container, at: usize, depth: u32) -> Result<(), Error> {
        match (depth, container) {
            (0, Container::Array) => return Err(Fault::NotAnObject.at(at)),
            (1, _) => self.start = at,
            (2, _) if self.field == Some(Known::Choices) => {
                (self.member, self.index, self.stopped) = (None, 0, false);
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, _container: Container, end: usize, depth: u32) -> Result<(), Error> {
        match depth {
            1 => self.field_value(self.start..end),
            2 if self.field == Some(Known::Choices) => {
                let bit = 1 << self.index.min(LAST_CHOICE);
                self.chunk.choices.seen |= bit;
                self.chunk.choices.finished |= if self.stopped { bit } else { 0 };
            }
            _ => {}
        }
        Ok(())
    }
}
