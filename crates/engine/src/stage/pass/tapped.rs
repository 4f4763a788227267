//! A stream that passes through: bytes go on as they came while the tap watches.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::future::BoxFuture;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};
use transom_core::failure::Failure;
use transom_core::port::upstream::UpstreamBody;
use transom_core::upstream_error::UpstreamError;
use transom_wire::error::chat_stream_error;
use transom_wire::sse::COMMENT_KEEP_ALIVE;
use transom_wire::tap::{Tail, UsageChunk, UsageTap};

use crate::catalog::Flight;
use crate::dispatch::{Job, Names, Opened, Served, hidden};
use crate::gateway::Gateway;
use crate::stage::admit::Ticket;
use crate::stage::settle::{Outcome, Settlement};

/// A call that has not brought content yet.
pub(super) type Opening = BoxFuture<'static, Result<Served, Failure>>;

/// What belongs to a passing stream.
pub(super) struct Watch {
    /// What becomes of the chunk that has only usage.
    pub(super) usage_chunk: UsageChunk,
    /// The largest event.
    pub(super) event_bytes: usize,
    /// A silent stream gets a comment after this pause.
    pub(super) keep_alive: Duration,
    /// Ends the stream when it shuts down.
    pub(super) gateway: Arc<Gateway>,
    /// What is being done.
    pub(super) job: Arc<Job>,
    /// Its account.
    pub(super) settlement: Settlement,
    /// Its place in flight.
    pub(super) ticket: Ticket,
}

/// Where the bytes come from.
enum Source {
    /// Nothing has come yet.
    Opening(Opening),
    /// A model server.
    Flowing {
        held: VecDeque<Bytes>,
        rest: UpstreamBody,
        flight: Flight,
        upstream: Option<Arc<str>>,
    },
    /// There is no more. The connection to the model server is closed.
    Ended,
}

/// The body towards the client. It reads from the model server only when the client has taken what
/// came before, so a slow client slows the model server down and memory stays flat.
pub(super) struct Tapped {
    source: Source,
    tap: UsageTap,
    ready: VecDeque<Bytes>,
    settlement: Settlement,
    cut: BoxFuture<'static, ()>,
    keep_alive: Duration,
    gateway: Arc<Gateway>,
    job: Arc<Job>,
    /// The request's, for what is logged after its handler has returned.
    span: tracing::Span,
    silence: Option<Pin<Box<Sleep>>>,
    /// Whether `silence` runs: from the moment the client has got all there is.
    armed: bool,
    _ticket: Ticket,
}

impl Tapped {
    /// A stream whose client has waited long enough to be told that it lives.
    pub(super) fn opening(opening: Opening, watch: Watch) -> Self {
        let mut tapped = Self::new(Source::Opening(opening), watch);
        tapped.ready.push_back(Bytes::from_static(COMMENT_KEEP_ALIVE));
        tapped
    }

    /// A stream whose first content has come.
    pub(super) fn flowing(served: Served, watch: Watch) -> Self {
        let mut tapped = Self::new(Source::Ended, watch);
        tapped.flow(served);
        tapped
    }

    fn new(source: Source, mut watch: Watch) -> Self {
        watch.settlement.streaming();
        Self {
            source,
            tap: UsageTap::new(watch.usage_chunk, watch.event_bytes),
            ready: VecDeque::new(),
            settlement: watch.settlement,
            cut: Box::pin(watch.gateway.cut.clone().cancelled_owned()),
            keep_alive: watch.keep_alive,
            gateway: watch.gateway,
            job: watch.job,
            span: tracing::Span::current(),
            silence: None,
            armed: false,
            _ticket: watch.ticket,
        }
    }

    fn flow(&mut self, served: Served) {
        let Opened::Stream { held, rest, .. } = served.opened else {
            return self.fail(&Failure::Internal("a whole answer to a stream".into()));
        };
        let mut upstream = None;
        if let Some(Names { shown, upstream: name }) = served.names {
            let tap = std::mem::replace(&mut self.tap, UsageTap::new(UsageChunk::Forward, 0));
            self.tap = tap.showing(shown);
            upstream = Some(name);
        }
        self.source = Source::Flowing { held, rest, flight: served.flight, upstream };
    }

    fn take_in(&mut self, chunk: Bytes) {
        let mut out = Vec::new();
        let fed = self.tap.feed(chunk, &mut out);
        self.ready.extend(out);
        self.settlement.spent(self.tap.usage());
        match fed {
            Err(error) => self.broken(error),
            Ok(()) if self.tap.is_done() => self.end(),
            Ok(()) => {}
        }
    }

    fn end(&mut self) {
        match self.tap.finish() {
            Ok(tail) => {
                if let Tail::Append(bytes) = tail {
                    self.ready.push_back(bytes);
                }
                let usage = self.tap.usage();
                self.settlement.ended(Outcome::Completed, usage);
                if let Source::Flowing { flight, .. } = &mut self.source {
                    flight.ended(usage, Instant::now().into_std());
                }
                self.source = Source::Ended;
            }
            Err(error) => self.broken(error),
        }
    }

    /// The model server broke its answer.
    fn broken(&mut self, error: UpstreamError) {
        let Source::Flowing { mut flight, upstream, .. } =
            std::mem::replace(&mut self.source, Source::Ended)
        else {
            return self.fail(&error.into());
        };
        flight.failed(&error, Instant::now().into_std());
        self.gateway.suspect(&self.job, flight, &error);
        let error = match upstream {
            Some(upstream) => hidden(error, &upstream, &self.job.asked),
            None => error,
        };
        self.fail(&error.into());
    }

    /// One error object, and then the end: never silence, never `[DONE]`.
    fn fail(&mut self, failure: &Failure) {
        let symptom = failure.symptom();
        self.span.in_scope(|| tracing::warn!(%failure, symptom, "a stream failed"));
        let mut out = BytesMut::new();
        chat_stream_error(&failure.public(), &mut out);
        self.ready.push_back(out.freeze());
        self.settlement.failed(failure);
        self.source = Source::Ended;
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = Instant::now() + self.keep_alive;
        let silence =
            self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if !std::mem::replace(&mut self.armed, true) {
            silence.as_mut().reset(deadline);
        }
        silence.as_mut().poll(cx)
    }

    /// Gets on by one step; `Pending` when the model server has nothing to give.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.source {
            Source::Ended => {}
            Source::Opening(opening) => match std::task::ready!(opening.as_mut().poll(cx)) {
                Ok(served) => self.flow(served),
                Err(failure) => self.fail(&failure),
            },
            Source::Flowing { held, rest, .. } => {
                if let Some(chunk) = held.pop_front() {
                    self.take_in(chunk);
                    return Poll::Ready(());
                }
                match std::task::ready!(rest.as_mut().poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        if let Ok(chunk) = frame.into_data() {
                            self.take_in(chunk);
                        }
                    }
                    Some(Err(error)) => self.broken(error),
                    None => self.end(),
                }
            }
        }
        Poll::Ready(())
    }
}

impl Body for Tapped {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                this.armed = false;
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if matches!(this.source, Source::Ended) {
                return Poll::Ready(None);
            }
            if this.cut.as_mut().poll(cx).is_ready() {
                this.fail(&Failure::ShuttingDown);
                continue;
            }
            if this.poll_source(cx).is_ready() {
                continue;
            }
            if this.poll_silence(cx).is_pending() {
                return Poll::Pending;
            }
            this.armed = false;
            // The tap passes whole events only, so a comment never lands within one.
            this.ready.push_back(Bytes::from_static(COMMENT_KEEP_ALIVE));
        }
    }
}
