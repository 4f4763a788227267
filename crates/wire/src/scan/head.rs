//! What the gateway wants to know of a request body that it sends on as it came.

use super::grammar::{Container, Visitor, walk};
use super::keys::Keys;
use super::string::{Rules, unescape};
use super::view::{View, view};
use super::{Error, Fault, Span};

/// The most content parts that are not plain text.
const MAX_PARTS: usize = 4096;

/// The facts of one body. Spans refer to the body that was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The model's name as the client wrote it.
    pub model: String,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// What it said about its stream.
    pub stream_options: StreamOptions,
    /// Every top-level field, in the order of the body.
    pub fields: Vec<Field>,
    /// Every part of `messages[].content[]` that is not just `type: text` with its `text`.
    pub parts: Vec<Part>,
}

/// The field `stream_options`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamOptions {
    /// Not there, or `null`.
    Absent,
    /// An object.
    Present {
        /// Whether it has no members at all.
        empty: bool,
        /// Its member `include_usage`; `null` counts as false.
        include_usage: Option<(bool, Span)>,
    },
}

/// A top-level field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, without escapes.
    pub name: Box<str>,
    /// Where its key begins, the quote included.
    pub key: usize,
    /// Its value.
    pub value: Span,
}

/// A content part of a chat message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The place of its message in `messages`.
    pub message: usize,
    /// Its own place in the message's `content`.
    pub index: usize,
    /// The object.
    pub span: Span,
}

impl Head {
    /// A top-level field by its name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// Whether the client itself asked for a usage chunk at the end of its stream.
    pub fn wants_usage(&self) -> bool {
        matches!(self.stream_options, StreamOptions::Present { include_usage: Some((true, _)), .. })
    }
}

/// The pass alone.
pub(super) fn check(text: &str, max_depth: u32) -> Result<(), Error> {
    walk(text, max_depth, &mut Reader { text, ..Reader::default() })
}

pub(super) fn read(text: &str, max_depth: u32) -> Result<Head, Error> {
    let mut reader = Reader { text, ..Reader::default() };
    walk(text, max_depth, &mut reader)?;
    let (fields, parts) = (reader.fields, reader.parts);
    let mut head = Head {
        model: String::new(),
        stream: false,
        stream_options: StreamOptions::Absent,
        fields,
        parts,
    };
    head.model = match head.field("model").map(|field| view(&text[field.value.clone()])) {
        None => return Err(Error::Missing("model")),
        Some(Ok(View::String(name))) => name.into_owned(),
        Some(_) => return Err(Error::WrongType { field: "model", expected: "a string" }),
    };
    head.stream = match head.field("stream").map(|field| &text[field.value.clone()]) {
        None | Some("null" | "false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::WrongType { field: "stream", expected: "true or false" }),
    };
    if let Some(field) = head.field("stream_options") {
        head.stream_options = stream_options(&text[field.value.clone()], field.value.start)?;
    }
    Ok(head)
}

fn stream_options(value: &str, start: usize) -> Result<StreamOptions, Error> {
    let members = match view(value)? {
        View::Null => return Ok(StreamOptions::Absent),
        View::Object(members) => members,
        _ => return Err(Error::WrongType { field: "stream_options", expected: "an object" }),
    };
    let include_usage = match members.iter().find(|member| member.name == "include_usage") {
        None => None,
        Some(member) => {
            let asked = match member.value {
                "true" => true,
                "false" | "null" => false,
                _ => {
                    let field = "stream_options.include_usage";
                    return Err(Error::WrongType { field, expected: "true or false" });
                }
            };
            let at = start + member.at;
            Some((asked, at..at + member.value.len()))
        }
    };
    Ok(StreamOptions::Present { empty: members.is_empty(), include_usage })
}

/// Collects the facts during the pass.
///
/// Content parts lie at a fixed depth: body 1, `messages` 2, message 3, `content` 4, part 5.
#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    keys: Keys<'a>,
    fields: Vec<Field>,
    parts: Vec<Part>,
    in_messages: bool,
    in_content: bool,
    /// How many messages, and parts of the present message, have begun.
    messages: usize,
    message_parts: usize,
    part: OpenPart,
}

/// The content part that is being read.
#[derive(Default)]
struct OpenPart {
    start: usize,
    special: bool,
    type_is_next: bool,
}

impl<'a> Visitor<'a> for Reader<'a> {
    const RULES: Rules = Rules::Storable;

    fn key(&mut self, key: &'a str, at: usize, depth: u32) -> Result<(), Error> {
        self.keys.add(key, at)?;
        match depth {
            1 => {
                let name: Box<str> = unescape(key).into();
                self.in_messages = &*name == "messages";
                self.in_content = false;
                self.fields.push(Field { name, key: at, value: 0..0 });
            }
            3 if self.in_messages => self.in_content = unescape(key) == "content",
            5 if self.in_content => {
                let name = unescape(key);
                self.part.type_is_next = name == "type";
                self.part.special |= name != "type" && name != "text";
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, span: Span, depth: u32) -> Result<(), Error> {
        match (depth, self.fields.last_mut()) {
            (0, _) => return Err(Fault::NotAnObject.at(span.start)),
            (1, Some(field)) => field.value = span,
            (5, _) if std::mem::take(&mut self.part.type_is_next) => {
                self.part.special |= &self.text[span] != "\"text\"";
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, container: Container, at: usize, depth: u32) -> Result<(), Error> {
        if container == Container::Object {
            self.keys.open();
        }
        match (depth, container) {
            (0, Container::Array) => return Err(Fault::NotAnObject.at(at)),
            (1, _) => {
                if let Some(field) = self.fields.last_mut() {
                    field.value = at..at;
                }
            }
            (2, _) if self.in_messages => {
                self.messages += 1;
                self.message_parts = 0;
                self.in_content = false;
            }
            (4, Container::Object) if self.in_content => {
                self.message_parts += 1;
                self.part = OpenPart { start: at, ..OpenPart::default() };
            }
            (5, _) => self.part.special |= std::mem::take(&mut self.part.type_is_next),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, container: Container, end: usize, depth: u32) -> Result<(), Error> {
        if container == Container::Object {
            self.keys.close();
        }
        match (depth, container) {
            (1, _) => {
                if let Some(field) = self.fields.last_mut() {
                    field.value.end = end;
                }
            }
            (4, Container::Object) if self.in_content && self.part.special => {
                if self.parts.len() == MAX_PARTS {
                    return Err(Fault::ManyParts { limit: MAX_PARTS }.at(self.part.start));
                }
                self.parts.push(Part {
                    message: self.messages.saturating_sub(1),
                    index: self.message_parts.saturating_sub(1),
                    span: self.part.start..end,
                });
            }
            _ => {}
        }
        Ok(())
    }
}
