//! A connection that knows how often it has answered.
//!
//! A server may close an idle connection at the very moment at which a request is written to it.
//! Only a connection that has answered before can die that way, so only there is it safe to think
//! that the server never saw the request.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{CaptureConnection, Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

mod answered;

pub(crate) use answered::Answered;

/// How many answers a connection has brought, and whether the next one has begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    answers: AtomicU32,
    /// Whether a byte has come since the last one was sent.
    heard: AtomicBool,
    /// Whether the last answer was read to its end and nothing has been asked since.
    rests: AtomicBool,
}

impl Answers {
    /// Takes note of one.
    pub(crate) fn one_more(&self) {
        self.0.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// The last answer was read to its end.
    fn rest(&self) {
        self.0.rests.store(true, Ordering::Relaxed);
    }

    /// A request is being written: what comes from now on is its answer. Says whether it is the
    /// beginning of a request on a connection that rested.
    fn asks(&self) -> bool {
        self.0.heard.store(false, Ordering::Relaxed);
        self.0.rests.swap(false, Ordering::Relaxed)
    }

    fn hears(&self) {
        self.0.heard.store(true, Ordering::Relaxed);
    }

    fn died_idle(&self) -> bool {
        self.0.answers.load(Ordering::Relaxed) > 0 && !self.0.heard.load(Ordering::Relaxed)
    }
}

/// Whether the connection of a failed request had answered an earlier one, and brought no byte of
/// an answer to this one.
pub(crate) fn died_idle(connection: &CaptureConnection) -> bool {
    let mut extensions = http::Extensions::new();
    if let Some(connected) = connection.connection_metadata().as_ref() {
        connected.get_extras(&mut extensions);
    }
    extensions.get::<Answers>().is_some_and(Answers::died_idle)
}

/// A connection with its count.
pub(crate) struct Counted<S> {
    inner: S,
    answers: Answers,
}

impl<S> Counted<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, answers: Answers::default() }
    }
}

impl<S: AsyncRead + Unpin> Counted<S> {
    /// Before a request is written: what has come by then was said before anything was asked. It
    /// would be taken for the answer, so such a connection is given up, as is one that was closed.
    fn begin(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.answers.asks() {
            return Ok(());
        }
        let mut byte = [0; 1];
        match Pin::new(&mut self.inner).poll_read(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl<S> Connection for Counted<S> {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.answers.clone())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.answers.hears();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.begin(cx)?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.begin(cx)?;
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
