//! Joins a turn's task with its client.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::{mpsc, oneshot};
use transom_core::failure::Failure;
use transom_wire::chat::Dropped;
use transom_wire::responses::request::Delivery;

use crate::background::EventLog;
use crate::call::Reply;

/// Pieces that wait for a client that reads slowly; then the model server waits too. A piece is
/// little more than [`super::PIECE`].
const WAITING: usize = 4;

/// The client has left.
#[derive(Debug)]
pub(super) struct Gone;

/// The turn's end.
pub(crate) enum Sink {
    /// Nobody waits: what is sent goes into the store.
    Log(EventLog),
    /// Nothing is sent before the whole answer.
    Whole(oneshot::Sender<Result<(Bytes, Dropped), Failure>>),
    /// A stream whose status line has not been sent: a failure still gets a status of its own.
    Waiting(oneshot::Sender<Result<Dropped, Failure>>, mpsc::Sender<Bytes>),
    /// A stream.
    Stream(mpsc::Sender<Bytes>),
    /// The client has got all it gets.
    Closed,
}

/// The client's end.
pub(super) enum Waiting {
    Whole(oneshot::Receiver<Result<(Bytes, Dropped), Failure>>),
    Stream(oneshot::Receiver<Result<Dropped, Failure>>, mpsc::Receiver<Bytes>),
}

/// Two ends of one delivery.
pub(super) fn join(delivery: Delivery) -> (Sink, Waiting) {
    match delivery {
        Delivery::Whole => {
            let (answer, waiting) = oneshot::channel();
            (Sink::Whole(answer), Waiting::Whole(waiting))
        }
        Delivery::Stream => {
            let (begun, waiting) = oneshot::channel();
            let (pieces, received) = mpsc::channel(WAITING);
            (Sink::Waiting(begun, pieces), Waiting::Stream(waiting, received))
        }
    }
}

impl Waiting {
    /// Waits until there is something to tell the client.
    pub(super) async fn begun(self) -> Result<Reply, Failure> {
        match self {
            Self::Whole(answer) => {
                let (answer, dropped) = answer.await.map_err(|_| lost())??;
                Ok(telling(dropped, Reply::Json(answer)))
            }
            Self::Stream(begun, pieces) => {
                let dropped = begun.await.map_err(|_| lost())??;
                Ok(telling(dropped, Reply::Events(Box::pin(Pieces(pieces)))))
            }
        }
    }
}

/// A reply that tells what was left out, if anything was.
fn telling(dropped: Dropped, reply: Reply) -> Reply {
    if dropped.items == 0 { reply } else { Reply::Shortened(dropped, Box::new(reply)) }
}

/// The task ended without a word, which only a defect can make it do.
fn lost() -> Failure {
    Failure::Internal("the turn ended without an answer".into())
}

impl Sink {
    /// A stream's status line may go out, with what was left out of the conversation. `false` when it
    /// has gone out before.
    pub(super) fn begin(&mut self, dropped: Dropped) -> bool {
        let first = !self.has_begun();
        *self = match std::mem::replace(self, Self::Closed) {
            Self::Waiting(begun, pieces) => match begun.send(Ok(dropped)) {
                Ok(()) => Self::Stream(pieces),
                Err(_) => Self::Closed,
            },
            other => other,
        };
        first
    }

    /// Whether the client gets a stream, begun or not.
    pub(super) fn can_stream(&self) -> bool {
        matches!(self, Self::Waiting(..) | Self::Stream(_))
    }

    fn has_begun(&self) -> bool {
        match self {
            Self::Log(log) => log.has_begun(),
            _ => self.is_stream(),
        }
    }

    /// Whether a stream has begun.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// Waits until the client has left.
    pub(super) async fn gone(&mut self) {
        match self {
            Self::Log(log) => log.gone().await,
            Self::Whole(answer) => answer.closed().await,
            Self::Waiting(begun, _) => begun.closed().await,
            Self::Stream(pieces) => pieces.closed().await,
            Self::Closed => {}
        }
    }

    /// Sends a piece of a stream, which ends with event number `end`; waits while the client is slow.
    /// A whole answer has no pieces.
    pub(super) async fn send(&mut self, piece: Bytes, end: u64) -> Result<(), Gone> {
        match self {
            Self::Log(log) => log.send(piece, end).await.map_err(|_| Gone),
            Self::Stream(pieces) if !piece.is_empty() => pieces.send(piece).await.map_err(|_| Gone),
            Self::Closed => Err(Gone),
            Self::Whole(_) | Self::Waiting(..) | Self::Stream(_) => Ok(()),
        }
    }

    /// Ends with an answer: the whole of it, or the last piece of a stream.
    pub(super) async fn answer(self, whole: Bytes, dropped: Dropped, last: Bytes) {
        match self {
            Self::Whole(answer) => drop(answer.send(Ok((whole, dropped)))),
            Self::Stream(pieces) => drop(pieces.send(last).await),
            // What a log ends with is in the record.
            Self::Log(_) | Self::Waiting(..) | Self::Closed => {}
        }
    }

    /// Ends with a failure: a status where none has been sent, the last piece of a stream where
    /// it has.
    pub(super) async fn fail(self, failure: Failure, last: Bytes) {
        match self {
            Self::Whole(answer) => drop(answer.send(Err(failure))),
            Self::Waiting(begun, _) => drop(begun.send(Err(failure))),
            Self::Stream(pieces) => drop(pieces.send(last).await),
            Self::Log(_) | Self::Closed => {}
        }
    }
}

/// A stream's body.
pub(crate) struct Pieces(pub(crate) mpsc::Receiver<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
