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

/// How many answers a connection has brought, and whether the next one has begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    answers: AtomicU32,
    /// Whether a byte has come since the last one was sent.
    heard: AtomicBool,
}

impl Answers {
    /// Takes note of one.
    pub(crate) fn one_more(&self) {
        self.0.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// A request is being written: what comes from now on is its answer.
    fn asks(&self) {
        self.0.heard.store(false, Ordering::Relaxed);
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answers.asks();
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answers.asks();
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
