//! The response that runs on a connection.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http_body_util::BodyExt as _;
use transom_core::failure::Failure;
use transom_engine::call::{EventBody, Reply};
use transom_wire::sse::Splitter;

use crate::error::Logged;
use crate::layers::Watch;

/// What ends a stream of events over HTTP; a connection needs no such sign.
const DONE: &[u8] = b"[DONE]";

/// The last event of a stream that does not end with [`DONE`].
const FAILED: &str = "response.failed";

/// The beginning of a response.
pub(super) type Asked = BoxFuture<'static, Result<EventBody, Failure>>;

/// A response that runs. Dropping it cancels the response.
pub(super) struct Running(State);

enum State {
    /// Nothing has come yet.
    Asked(Asked),
    /// Its events come.
    Answered(EventBody, Splitter),
}

/// How far it has got.
pub(super) enum Step {
    /// Events, each whole; none where only a sign of life came.
    Events(Vec<Bytes>),
    /// It was refused, or failed before its first event.
    Refused(Failure),
    /// Its last events: whoever reads them may ask for the next response.
    Last(Vec<Bytes>),
    /// It has ended without a last event, which only a defect can make it do.
    Ended,
}

impl Running {
    /// A response that has been asked for.
    pub(super) fn new(asked: Asked) -> Self {
        Self(State::Asked(asked))
    }

    /// The next step. Nothing is lost when the result is dropped before it is there.
    pub(super) async fn next(&mut self) -> Step {
        loop {
            match &mut self.0 {
                State::Asked(asked) => match asked.await {
                    Ok(body) => {
                        // The engine bounds its events, and its pieces hold whole ones.
                        self.0 = State::Answered(body, Splitter::new(usize::MAX));
                    }
                    Err(failure) => return Step::Refused(failure),
                },
                State::Answered(body, splitter) => {
                    let Some(Ok(frame)) = body.frame().await else { return Step::Ended };
                    let Ok(piece) = frame.into_data() else { continue };
                    splitter.push(piece);
                    return events(splitter);
                }
            }
        }
    }
}

/// Counts and logs how a response begins.
pub(super) fn begun(answered: Result<Reply, Failure>, watch: Watch) -> Result<EventBody, Failure> {
    let answered = answered.and_then(stream_of);
    match &answered {
        Ok(_) => watch.ended(StatusCode::OK, None),
        Err(failure) => watch.ended(failure.public().status, Some(&Logged::of(failure))),
    }
    answered
}

fn stream_of(reply: Reply) -> Result<EventBody, Failure> {
    match reply {
        Reply::Events(body) => Ok(body),
        // What was left out stands in the events, too.
        Reply::Shortened(_, reply) => stream_of(*reply),
        Reply::Json(_) | Reply::Again(_) => {
            Err(Failure::Internal("a whole answer on a WebSocket".into()))
        }
    }
}

/// The events in a piece, without what only frames them.
fn events(splitter: &mut Splitter) -> Step {
    let mut step: fn(Vec<Bytes>) -> Step = Step::Events;
    let mut events = Vec::new();
    while let Ok(Some(frame)) = splitter.next_frame() {
        if frame.is(FAILED) || frame.data == DONE {
            step = Step::Last;
        }
        if frame.data != DONE {
            events.push(frame.data);
        }
    }
    step(events)
}
