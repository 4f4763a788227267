//! What one chunk of a stream says, found in the pass that validates it.

use transom_core::upstream_error::UpstreamError;

use super::protocol;
use crate::scan::{Container, Error, Fault, MAX_DEPTH, Rules, Span, Visitor, utf8, walk};

/// Choices with higher places than this are watched together.
const LAST_CHOICE: u32 = u128::BITS - 1;

/// Whether the model has said something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// Not that anybody knows.
    #[default]
    Awaited,
    /// Something, or something that nobody understands.
    Seen,
}

/// The facts of one chunk.
#[derive(Debug, Default)]
pub(super) struct Chunk<'a> {
    /// The value of `usage`.
    pub(super) usage: Option<&'a str>,
    /// Where the value of `model` lies, if it is a string.
    pub(super) model: Option<Span>,
    /// Whether it is an error object: `error` that is not `null`, or `"object":"error"`.
    pub(super) error: bool,
    /// The choices it has.
    pub(super) choices: Choices,
    /// Whether something has been said, up to and with this chunk.
    pub(super) content: Content,
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
/// servers are their clients' business: the bytes pass through. `content` is what chunks before
/// this one had; once it is seen, nobody looks for it again.
pub(super) fn read(data: &[u8], content: Content) -> Result<Chunk<'_>, UpstreamError> {
    let text = utf8(data).map_err(|error| not_json(&error))?;
    let chunk = Chunk { content, ..Chunk::default() };
    let mut reader = Reader { text, chunk, ..Reader::default() };
    walk(text, MAX_DEPTH, &mut reader).map_err(|error| not_json(&error))?;
    let mut chunk = reader.chunk;
    if !chunk.has_choices_field {
        chunk.content = Content::Seen;
    }
    Ok(chunk)
}

/// The fault and its place, without a byte of the answer.
fn not_json(error: &Error) -> UpstreamError {
    match error {
        Error::Json { at, fault } => protocol(&format!("not JSON: {fault} (byte {at})")),
        _ => protocol("not JSON"),
    }
}

/// Follows the pass. Depths: the object's members are at 1, choices at 2, their members at 3, the
/// members of a delta at 4.
#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    chunk: Chunk<'a>,
    field: Option<Known>,
    start: usize,
    /// The member of the open choice whose value comes next, and what the choice has said.
    member: Member,
    index: u32,
    stopped: bool,
    /// Whether the member of the open delta whose value comes next is `role`.
    role: bool,
}

/// The top-level fields that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Usage,
    Model,
    Error,
    Object,
    Choices,
}

/// The members of a choice that matter.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Member {
    Index,
    FinishReason,
    Delta,
    #[default]
    Other,
}

impl Reader<'_> {
    fn field_value(&mut self, span: Span) {
        let value = &self.text[span.clone()];
        match self.field.take() {
            Some(Known::Usage) => self.chunk.usage = Some(value),
            Some(Known::Model) if value.starts_with('"') => self.chunk.model = Some(span),
            Some(Known::Error) => self.chunk.error |= value != "null",
            Some(Known::Object) => self.chunk.error |= value == "\"error\"",
            Some(Known::Choices) => {
                if !value.starts_with('[') {
                    self.chunk.content = Content::Seen;
                }
            }
            Some(Known::Model) | None => {}
        }
    }

    /// A value within `choices`, which says something unless it is known not to.
    fn inner_value(&mut self, span: Span, depth: u32) {
        let silent = match depth {
            3 if self.member == Member::Index => true,
            4 if self.member == Member::Delta && self.role => true,
            3 | 4 => matches!(&self.text[span], "null" | "\"\""),
            _ => false,
        };
        if !silent {
            self.chunk.content = Content::Seen;
        }
    }

    /// Whether anything within `choices` may still be the first content.
    fn awaits(&self) -> bool {
        self.chunk.content == Content::Awaited && self.field == Some(Known::Choices)
    }
}

impl<'a> Visitor<'a> for Reader<'a> {
    const RULES: Rules = Rules::Grammar;

    fn key(&mut self, key: &'a str, _at: usize, depth: u32) -> Result<(), Error> {
        match depth {
            1 => {
                self.field = match key {
                    "usage" => Some(Known::Usage),
                    "model" => Some(Known::Model),
                    "error" => Some(Known::Error),
                    "object" => Some(Known::Object),
                    "choices" => Some(Known::Choices),
                    _ => None,
                };
                self.chunk.has_choices_field |= self.field == Some(Known::Choices);
            }
            3 if self.field == Some(Known::Choices) => {
                self.member = match key {
                    "index" => Member::Index,
                    "finish_reason" => Member::FinishReason,
                    "delta" => Member::Delta,
                    _ => Member::Other,
                };
            }
            4 if self.awaits() => self.role = key == "role",
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, span: Span, depth: u32) -> Result<(), Error> {
        match (depth, self.member) {
            (0, _) => return Err(Fault::NotAnObject.at(span.start)),
            (1, _) => {
                self.field_value(span);
                return Ok(());
            }
            (3, Member::Index) => {
                self.index = self.text[span.clone()].parse().unwrap_or_default();
            }
            (3, Member::FinishReason) => self.stopped = &self.text[span.clone()] != "null",
            _ => {}
        }
        if self.awaits() {
            self.inner_value(span, depth);
        }
        Ok(())
    }

    fn open(&mut self, container: Container, at: usize, depth: u32) -> Result<(), Error> {
        match (depth, container) {
            (0, Container::Array) => return Err(Fault::NotAnObject.at(at)),
            (1, _) => self.start = at,
            (2, _) if self.field == Some(Known::Choices) => {
                (self.member, self.index) = (Member::Other, 0);
                (self.stopped, self.role) = (false, false);
            }
            // What is in a list or an object says something; an empty one does not.
            (5.., _) if self.awaits() => self.chunk.content = Content::Seen,
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
