//! The mock's answers. A stream is one write for each token, as a model server's is.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Instant, Sleep};

use crate::slot::{Moment, Slot};

/// A whole chat answer of 1.3 KB.
pub(super) const WHOLE: &str = concat!(
    r#"{"id":"chatcmpl-8f14e45fceea167a","object":"chat.completion","created":1795228978,"#,
    r#""model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":""#,
    "A gateway stands between those who ask and those who answer. It does little that can be ",
    "seen, and what it does it has to do each time: look at who asks, see that the question is ",
    "whole, pass it on, and bring the answer back as it was given. If it is slow, everything ",
    "behind it is slow; if it forgets, everything behind it was in vain. So it is measured. ",
    "This answer has about the length of an answer that people get when they ask for a short ",
    "paragraph, which is enough to fill one segment of a connection and not enough to fill a ",
    "second. What it says does not matter to the program that carries it, as long as each byte ",
    "arrives where it should, in the order in which it was sent, and as soon as it can. The ",
    "rest of the paragraph is here for its length alone, and ends with the next sentence. ",
    "Whoever has read this far may now go on to the numbers.",
    r#"","refusal":null,"tool_calls":[],"reasoning":null},"logprobs":null,"#,
    r#""finish_reason":"stop","stop_reason":null,"token_ids":null}],"service_tier":null,"#,
    r#""system_fingerprint":null,"usage":{"prompt_tokens":212,"total_tokens":404,"#,
    r#""completion_tokens":192,"prompt_tokens_details":null},"prompt_logprobs":null}"#
);

macro_rules! chunk {
    ($delta:literal, $finish:literal) => {
        concat!(
            r#"data: {"id":"chatcmpl-8f14e45fceea167a","object":"chat.completion.chunk","#,
            r#""created":1795228978,"model":"bench","choices":[{"index":0,"delta":"#,
            $delta,
            r#","logprobs":null,"finish_reason":"#,
            $finish,
            "}]}\n\n"
        )
    };
}

const ROLE: &str = chunk!(r#"{"role":"assistant","content":""}"#, "null");
const TOKEN: &str = chunk!(r#"{"content":" token"}"#, "null");
const STOP: &str = chunk!(r#"{"content":""}"#, r#""stop""#);
const USAGE: &str = concat!(
    r#"data: {"id":"chatcmpl-8f14e45fceea167a","object":"chat.completion.chunk","#,
    r#""created":1795228978,"model":"bench","choices":[],"#,
    r#""usage":{"prompt_tokens":212,"total_tokens":404,"completion_tokens":192}}"#,
    "\n\n"
);
const DONE: &str = "data: [DONE]\n\n";

/// The text of a token, as it stands in every event of either protocol that brings one.
pub(crate) const TOKEN_TEXT: &[u8] = br#"" token""#;

/// Whether a usage chunk belongs to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Sent,
    NotAsked,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Role,
    Token(usize),
    Usage,
    Done,
    End,
}

/// A stream of tokens.
pub(super) struct Tokens {
    slot: &'static Slot,
    length: usize,
    usage: Usage,
    pace: Duration,
    due: Pin<Box<Sleep>>,
    next: Next,
    written: bool,
}

impl Tokens {
    pub(super) fn new(slot: &'static Slot, length: usize, pace: Duration, usage: Usage) -> Self {
        let due = Box::pin(tokio::time::sleep_until(Instant::now() + 2 * pace));
        Self { slot, length, usage, pace, due, next: Next::Role, written: false }
    }

    fn event(&mut self) -> &'static str {
        let (text, next) = match self.next {
            Next::Role => (ROLE, Next::Token(0)),
            Next::Token(index) if index < self.length => (TOKEN, Next::Token(index + 1)),
            Next::Token(_) if self.usage == Usage::Sent => (STOP, Next::Usage),
            Next::Token(_) => (STOP, Next::Done),
            Next::Usage => (USAGE, Next::Done),
            Next::Done | Next::End => (DONE, Next::End),
        };
        match self.next {
            Next::Token(0) => self.slot.note(Moment::First),
            Next::Done => self.slot.note(Moment::Last),
            _ => {}
        }
        self.next = next;
        text
    }

    /// Only tokens take time, not the events around them.
    fn is_paced(&self) -> bool {
        let takes_time = matches!(self.next, Next::Role)
            || matches!(self.next, Next::Token(index) if (1..self.length).contains(&index));
        takes_time && !self.pace.is_zero()
    }
}

impl Body for Tokens {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if matches!(this.next, Next::End) {
            return Poll::Ready(None);
        }
        // A pause without a delay makes the server write what it has.
        if std::mem::take(&mut this.written) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.is_paced() {
            ready!(this.due.as_mut().poll(cx));
            let due = this.due.deadline() + this.pace;
            this.due.as_mut().reset(due);
        }
        this.written = true;
        let event = Bytes::from_static(this.event().as_bytes());
        Poll::Ready(Some(Ok(Frame::data(event))))
    }
}
