//! An answer on a connection, piece by piece.

use super::{Form, folder, note};
use crate::http1::Head;
use crate::sse;

/// Most bytes of a request that are kept to find its first line.
const FIRST_LINE: usize = 4096;

/// Most bytes of a body that are kept; a longer one is left out.
const BODY: usize = 8 << 20;

/// Sees what a client sends and receives, and writes down what the gateway answered.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// The beginning of what was sent since the last answer began.
    asked: Vec<u8>,
    answer: Option<Answer>,
}

#[derive(Debug)]
struct Answer {
    method: String,
    target: String,
    status: u16,
    so_far: SoFar,
}

#[derive(Debug)]
enum SoFar {
    Body(Vec<u8>),
    Events(sse::Parser),
}

impl Witness {
    /// A witness, if answers are to be written down.
    pub(crate) fn new() -> Option<Self> {
        folder().map(|_| Self::default())
    }

    /// The client sends.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        let room = FIRST_LINE.saturating_sub(self.asked.len());
        self.asked.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// An answer begins.
    pub(crate) fn began(&mut self, head: &Head) {
        let asked = std::mem::take(&mut self.asked);
        self.answer = Answer::of(&asked, head);
    }

    /// Bytes of its body.
    pub(crate) fn came(&mut self, bytes: &[u8]) {
        let Some(answer) = &mut self.answer else { return };
        match &mut answer.so_far {
            SoFar::Body(body) if body.len() + bytes.len() > BODY => self.answer = None,
            SoFar::Body(body) => body.extend_from_slice(bytes),
            SoFar::Events(parser) => {
                for event in parser.feed(bytes) {
                    answer.note(Form::Event, &event.data);
                }
            }
        }
    }

    /// The body is whole.
    pub(crate) fn ended(&mut self) {
        if let Some(answer) = self.answer.take()
            && let SoFar::Body(body) = &answer.so_far
        {
            answer.note(Form::Body, &String::from_utf8_lossy(body));
        }
    }
}

impl Answer {
    /// `None` where it is not the gateway's: its answers have an id, and only a model server is uvicorn.
    fn of(asked: &[u8], head: &Head) -> Option<Self> {
        if !head.headers.has("x-request-id") || head.headers.get("server") == Some("uvicorn") {
            return None;
        }
        let line = asked.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let (method, rest) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let streams = head.headers.get("content-type")?.starts_with("text/event-stream");
        Some(Self {
            method: method.to_owned(),
            target: rest.split(' ').next()?.to_owned(),
            status: head.status().ok()?,
            so_far: if streams {
                SoFar::Events(sse::Parser::default())
            } else {
                SoFar::Body(Vec::new())
            },
        })
    }

    fn note(&self, form: Form, text: &str) {
        note(&self.method, &self.target, self.status, form, text);
    }
}
