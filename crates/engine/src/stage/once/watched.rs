//! A stream that passes through, watched for its end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use transom_wire::sse::Splitter;

use super::Promise;
use crate::call::EventBody;

/// What ends a stream that went well.
const DONE: &[u8] = b"[DONE]";

/// A stream whose last piece leaves when its key is settled. Dropped before, it gives the key back.
pub(super) struct Watched {
    body: EventBody,
    state: State,
    /// A piece that came while the one before it was looked at.
    ahead: Option<Bytes>,
    /// The last piece that has left.
    last: Bytes,
    tracker: TaskTracker,
    /// The request's, for what is logged after its handler has returned.
    span: tracing::Span,
}

enum State {
    /// There may be more.
    Watching(Promise),
    /// The last piece waits until the key is settled. That goes on when the client leaves.
    Settling(JoinHandle<()>, Option<Bytes>),
    /// All has left.
    Ended,
}

impl Watched {
    pub(super) fn new(body: EventBody, promise: Promise, tracker: TaskTracker) -> Self {
        let (ahead, last) = (None, Bytes::new());
        let span = tracing::Span::current();
        Self { body, state: State::Watching(promise), ahead, last, tracker, span }
    }

    /// The next piece, or `None` at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(ahead) = self.ahead.take() {
            return Poll::Ready(Some(ahead));
        }
        loop {
            let Some(frame) = ready!(self.body.as_mut().poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let Ok(frame) = frame;
            if let Ok(data) = frame.into_data() {
                return Poll::Ready(Some(data));
            }
        }
    }

    /// The stream has ended with `last`, which has not left where it `waits`.
    fn settle(&mut self, last: &Bytes, waits: Option<Bytes>) {
        let State::Watching(promise) = std::mem::replace(&mut self.state, State::Ended) else {
            return;
        };
        let whole = ends_well(last);
        let settling = async move {
            if whole { promise.keep_stream(None).await } else { promise.release().await }
        };
        let task = self.tracker.spawn(settling.instrument(self.span.clone()));
        self.state = State::Settling(task, waits);
    }
}

/// Whether the last event of a piece is the end of a stream that went well. Pieces hold whole events.
fn ends_well(piece: &Bytes) -> bool {
    let mut splitter = Splitter::new(usize::MAX);
    splitter.push(piece.clone());
    let mut done = false;
    while let Ok(Some(frame)) = splitter.next_frame() {
        done = frame.data == DONE;
    }
    done
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Ended => return Poll::Ready(None),
                State::Settling(task, piece) => {
                    // A task that panicked has dropped the promise, which gives the key back.
                    drop(ready!(Pin::new(task).poll(cx)));
                    let piece = piece.take();
                    this.state = State::Ended;
                    return Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))));
                }
                State::Watching(_) => {}
            }
            let Some(piece) = ready!(this.poll_piece(cx)) else {
                let last = std::mem::take(&mut this.last);
                this.settle(&last, None);
                continue;
            };
            if let State::Watching(promise) = &mut this.state {
                promise.record(&piece);
            }
            // One look ahead tells the last piece from the others without delaying any.
            match this.poll_piece(cx) {
                Poll::Ready(None) => {
                    this.settle(&piece, Some(piece.clone()));
                    continue;
                }
                Poll::Ready(next) => this.ahead = next,
                Poll::Pending => {}
            }
            this.last = piece.clone();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
    }
}
