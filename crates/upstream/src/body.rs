//! An answer's body, with its time limits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use transom_core::port::upstream::Patience;
use transom_core::upstream_error::UpstreamError;

use crate::counted::Answered;
use crate::trouble::with_causes;

/// A body that fails with a name when the server stalls or cuts.
///
/// The limits on silence run only while somebody waits for bytes: a client that reads slowly does
/// not make the server look dead.
pub(crate) struct Timed {
    inner: Answered,
    pulse: Pulse,
    patience: Patience,
    started: Instant,
    silence: Silence,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What ends a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// Every byte.
    Byte,
    /// The end of a line: an event stream that drips within one line says nothing.
    Line,
}

impl Pulse {
    fn is_in(self, data: &[u8]) -> bool {
        match self {
            Self::Byte => !data.is_empty(),
            Self::Line => data.iter().any(|byte| matches!(byte, b'\n' | b'\r')),
        }
    }
}

/// What a body that has nothing to give is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    /// Nothing has come yet.
    BeforeFirstByte,
    /// Something has come; nobody waits for more, but somebody has waited so long for the pulse.
    Resting(Duration),
    /// Somebody waits for more since then.
    Since(Instant),
}

impl Timed {
    /// Wraps the body of a call that began at `started`.
    pub(crate) fn new(inner: Answered, pulse: Pulse, patience: Patience, started: Instant) -> Self {
        Self { inner, pulse, patience, started, silence: Silence::BeforeFirstByte, timer: None }
    }

    /// Something has come.
    fn hear(&mut self, data: Option<&Bytes>) {
        let goes_on = data.is_some_and(|data| !self.pulse.is_in(data));
        self.silence = Silence::Resting(match self.silence {
            Silence::Since(then) if goes_on => then.elapsed(),
            Silence::Resting(waited) if goes_on => waited,
            _ => Duration::ZERO,
        });
    }

    /// Waits for the end of the time that the server has, and says which limit it was.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<UpstreamError> {
        if let Silence::Resting(waited) = self.silence {
            let now = Instant::now();
            self.silence = Silence::Since(now.checked_sub(waited).unwrap_or(now));
        }
        let Patience { first_byte, idle, total } = self.patience;
        let (limit, error) = match self.silence {
            Silence::Since(then) => (then + idle, UpstreamError::Stalled { limit: idle }),
            Silence::BeforeFirstByte | Silence::Resting(_) => {
                (self.started + first_byte, UpstreamError::FirstByteTimeout { limit: first_byte })
            }
        };
        let end = limit.min(self.started + total);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if timer.deadline() != end {
            timer.as_mut().reset(end);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(if end < limit { UpstreamError::TotalTimeout { limit: total } } else { error })
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
        // Asked first: an answer that trickles without end has a limit too.
        if this.started.elapsed() >= this.patience.total {
            let limit = this.patience.total;
            return Poll::Ready(Some(Err(UpstreamError::TotalTimeout { limit })));
        }
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.hear(frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()));
                Poll::Ready(frame.map(|frame| frame.map_err(|error| cut(&error))))
            }
            Poll::Pending => this.poll_patience(cx).map(|error| Some(Err(error))),
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
