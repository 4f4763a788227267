//! An answer's body, with its time limits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use transom_core::upstream_error::UpstreamError;

/// How long an answer may be silent, and how long it may take as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest silence between two pieces.
    pub idle: Duration,
    /// The longest whole answer, counted from the call.
    pub total: Duration,
}

/// A body that fails with a name when the server stalls or cuts.
///
/// The idle limit runs only while somebody waits for bytes: a client that reads slowly does not
/// make the server look dead.
pub struct Timed {
    inner: Incoming,
    patience: Patience,
    deadline: Instant,
    waiting: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Timed {
    /// Wraps the body of a call that began at `started`.
    pub fn new(inner: Incoming, patience: Patience, started: Instant) -> Self {
        let deadline = started + patience.total;
        Self { inner, patience, deadline, waiting: None, armed: false }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<UpstreamError> {
        let limit = (Instant::now() + self.patience.idle).min(self.deadline);
        let armed = std::mem::replace(&mut self.armed, true);
        let sleep = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(limit)));
        if !armed {
            sleep.as_mut().reset(limit);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(if Instant::now() >= self.deadline {
            UpstreamError::TotalTimeout { limit: self.patience.total }
        } else {
            UpstreamError::Stalled { limit: self.patience.idle }
        })
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.armed = false;
                Poll::Ready(frame.map(|frame| frame.map_err(|error| cut(&error))))
            }
            Poll::Pending => this.poll_silence(cx).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn cut(error: &hyper::Error) -> UpstreamError {
    let detail = with_causes(error);
    if error.is_parse() {
        UpstreamError::Protocol { detail }
    } else {
        UpstreamError::Truncated { detail }
    }
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Wrappers often repeat what they wrap.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
