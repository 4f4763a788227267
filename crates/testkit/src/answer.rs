//! What a [`crate::FakeBackend`] answers: a status, headers, and a list of steps on the socket.
//!
//! # Layout
//!
//! - this file: [`Answer`] (fixed), [`Script`] (made from the request it answers), [`Step`].
//! - [`mod@chat`]: vLLM's chat completions, stream and not, with faults between any two parts; a request
//!   to `/v1/responses` gets the same answer as vLLM's own response.
//! - [`plain`]: text completions, embeddings, model lists, recorded exchanges.
//! - [`pooling`]: rerankings and scores.
//! - [`errors`]: error bodies as vLLM sends them, `retry-after` in all its forms, redirects.
//! - `flaky`: scripts that fail now and then; [`canary`]: answers that carry a mark of their request.
//! - `rechunk`: the same bytes in other pieces, or not all of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::backend::Request;
use crate::gate::Gate;
use crate::http1::Headers;

pub mod canary;
pub mod chat;
mod chunk;
pub mod errors;
mod flaky;
pub mod plain;
pub mod pooling;
mod rechunk;

pub use chat::{Chat, Finish, ReasoningKey, Usage, chat, chat_text, tool_calls};
pub(crate) use plain::openapi;
pub use plain::{completion_text, embeddings, from_recording, from_sse_lines, model_list, models};
pub use pooling::{rerank, score};

/// One thing the fake does on the socket.
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes these bytes at once, as one chunk where the framing is chunked.
    ///
    /// The head leaves with the first `Send`; an empty one sends the head alone.
    Send(Bytes),
    /// Waits at a gate until the test opens it.
    Wait(Gate),
    /// Waits for a fixed time.
    Pause(Duration),
    /// Ends the connection with RST.
    Reset,
    /// Ends the connection with FIN, whatever the framing still owes.
    Close,
    /// Says nothing more, until the peer leaves.
    Hang,
}

/// How the end of the body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `content-length` of all bytes that will be sent.
    Length,
    /// A `content-length` that need not be true.
    ClaimedLength(u64),
    /// `transfer-encoding: chunked`.
    Chunked,
    /// No framing; the connection closes at the end.
    UntilClose,
    /// No head either: the steps write the whole response, malformed or not, and close.
    Raw,
}

/// What happens to the connection after a complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It waits for the next request.
    KeepAlive,
    /// It is closed after this time without having said `connection: close`.
    CloseAfter(Duration),
}

/// A fixed answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers besides the framing; `server: uvicorn` is added as vLLM does.
    pub headers: Headers,
    /// How the body is framed.
    pub framing: Framing,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What follows a complete answer.
    pub after: After,
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        let (headers, steps) = (Headers::default(), Vec::new());
        Self { status, headers, framing: Framing::Length, steps, after: After::KeepAlive }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Adds a step at the end.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Puts a step before everything, the head included.
    #[must_use]
    pub fn first(mut self, step: Step) -> Self {
        self.steps.insert(0, step);
        self
    }

    /// Uses another framing.
    #[must_use]
    pub fn framed(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Closes the connection this long after the complete answer, unannounced.
    #[must_use]
    pub fn close_after(mut self, time: Duration) -> Self {
        self.after = After::CloseAfter(time);
        self
    }
}

/// A JSON answer with `content-length`; the text is sent as it is, valid or not.
pub fn json(status: u16, body: impl Into<String>) -> Answer {
    body_of(status, "application/json", body.into())
}

/// Any body with its content type and `content-length`.
pub fn body_of(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
    Answer::empty(status).header("content-type", content_type).step(Step::Send(body.into()))
}

/// An event stream of these bytes in one chunk; see [`Answer::by_event`] for other pieces.
pub fn event_stream(body: impl Into<Bytes>) -> Answer {
    body_of(200, "text/event-stream; charset=utf-8", body).framed(Framing::Chunked)
}

/// Writes exactly these bytes on the socket, head included or missing, and closes.
pub fn raw_bytes(bytes: impl Into<Bytes>) -> Answer {
    Answer::empty(0).framed(Framing::Raw).step(Step::Send(bytes.into()))
}

/// How an answer is made from the request it answers.
#[derive(Clone)]
pub struct Script(Arc<dyn Fn(&Request) -> Answer + Send + Sync>);

/// A script of one's own, for echoes and for answers that depend on the request.
pub fn script(make: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Script {
    Script(Arc::new(make))
}

impl Script {
    /// The answer to this request.
    pub fn answer(&self, request: &Request) -> Answer {
        (self.0)(request)
    }

    /// The same script with every answer changed afterwards, such as cut or rechunked.
    #[must_use]
    pub fn map(self, change: impl Fn(Answer) -> Answer + Send + Sync + 'static) -> Self {
        script(move |request| change(self.answer(request)))
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Self {
        script(move |_request| answer.clone())
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}
