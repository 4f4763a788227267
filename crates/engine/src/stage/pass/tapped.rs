//! A stream that passes through: bytes go on as they came while the tap watches.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::future::BoxFuture;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use transom_core::failure::Failure;
use transom_core::port::upstream::UpstreamBody;
use transom_core::upstream_error::UpstreamError;
use transom_wire::error::chat_stream_error;
use transom_wire::sse::COMMENT_KEEP_ALIVE;
use transom_wire::tap::{Tail, UsageTap};

use crate::stage::admit::Ticket;
use crate::stage::settle::{Outcome, Settlement};

/// What belongs to a passing stream.
pub(super) struct Watch {
    /// Watches for usage and the end.
    pub(super) tap: UsageTap,
    /// A silent stream gets a comment after this pause.
    pub(super) keep_alive: Duration,
    /// Ends the stream when the gateway shuts down.
    pub(super) cut: CancellationToken,
    /// Its account.
    pub(super) settlement: Settlement,
    /// Its place in flight.
    pub(super) ticket: Ticket,
}

/// The body towards the client. It reads from the model server only when the client has taken what
/// came before, so a slow client slows the model server down and memory stays flat.
pub(super) struct Tapped {
    /// `None` once the stream has ended, which closes the connection to the model server.
    upstream: Option<UpstreamBody>,
    tap: UsageTap,
    ready: VecDeque<Bytes>,
    settlement: Settlement,
    cut: BoxFuture<'static, ()>,
    keep_alive: Duration,
    /// The request's, for what is logged after its handler has returned.
    span: tracing::Span,
    silence: Option<Pin<Box<Sleep>>>,
    /// Whether `silence` runs: from the moment the client has got all there is.
    armed: bool,
    _ticket: Ticket,
}

impl Tapped {
    pub(super) fn new(upstream: UpstreamBody, mut watch: Watch) -> Self {
        watch.settlement.streaming();
        Self {
            upstream: Some(upstream),
            tap: watch.tap,
            ready: VecDeque::new(),
            settlement: watch.settlement,
            cut: Box::pin(watch.cut.cancelled_owned()),
            keep_alive: watch.keep_alive,
            span: tracing::Span::current(),
            silence: None,
            armed: false,
            _ticket: watch.ticket,
        }
    }

    fn take_in(&mut self, chunk: Bytes) {
        let mut out = Vec::new();
        let fed = self.tap.feed(chunk, &mut out);
        self.ready.extend(out);
        self.settlement.spent(self.tap.usage());
        match fed {
            Err(error) => self.fail(&error.into()),
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
                self.settlement.ended(Outcome::Completed, self.tap.usage());
                self.upstream = None;
            }
            Err(error) => self.fail(&error.into()),
        }
    }

    /// One error object, and then the end: never silence, never `[DONE]`.
    fn fail(&mut self, failure: &Failure) {
        self.span.in_scope(|| tracing::warn!(%failure, "a stream failed"));
        let mut out = BytesMut::new();
        chat_stream_error(&failure.public(), &mut out);
        self.ready.push_back(out.freeze());
        self.settlement.failed(failure);
        self.upstream = None;
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

    fn poll_upstream(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        match &mut self.upstream {
            Some(upstream) => upstream.as_mut().poll_frame(cx),
            None => Poll::Ready(None),
        }
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
            if this.upstream.is_none() {
                return Poll::Ready(None);
            }
            if this.cut.as_mut().poll(cx).is_ready() {
                this.fail(&Failure::ShuttingDown);
                continue;
            }
            match this.poll_upstream(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(chunk) = frame.into_data() {
                        this.take_in(chunk);
                    }
                }
                Poll::Ready(Some(Err(error))) => this.fail(&error.into()),
                Poll::Ready(None) => this.end(),
                Poll::Pending if this.poll_silence(cx).is_ready() => {
                    this.armed = false;
                    // The tap passes whole events only, so a comment never lands within one.
                    this.ready.push_back(Bytes::from_static(COMMENT_KEEP_ALIVE));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
