//! A socket that does not wait for ever.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::phase::{Phase, SharedPhase};

/// How long a client may let the gateway wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a whole request head, from its first byte (on a fresh connection: from the accept).
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// For the client to take what is written to it.
    pub write: Duration,
}

/// A socket with [`Patience`]. Slow-loris heads and stalled readers end with an I/O error, which
/// closes the connection.
pub(crate) struct Guarded<S> {
    socket: S,
    phase: SharedPhase,
    patience: Patience,
    read: Timer,
    /// The phase that the running read timer belongs to.
    timed: Option<Phase>,
    write: Timer,
    writing: bool,
}

impl<S> Guarded<S> {
    pub(crate) fn new(socket: S, phase: SharedPhase, patience: Patience) -> Self {
        let (read, write) = (Timer::default(), Timer::default());
        Self { socket, phase, patience, read, timed: None, write, writing: false }
    }

    /// Fails when the phase that waits for bytes has used up its time.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.phase.get();
        let limit = match phase {
            Phase::Idle => self.patience.idle,
            Phase::Head => self.patience.head,
            Phase::Serving => {
                self.timed = None;
                return Poll::Pending;
            }
        };
        if self.timed.replace(phase) != Some(phase) {
            self.read.start(limit);
        }
        ready!(self.read.poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no request in time")))
    }

    /// Turns a write that does not get on into an error.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.writing = false;
            return result;
        }
        if !std::mem::replace(&mut self.writing, true) {
            self.write.start(self.patience.write);
        }
        ready!(self.write.poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_read(cx, buf);
        if result.is_pending() {
            return this.poll_patience(cx);
        }
        if this.phase.get() == Phase::Idle {
            this.phase.set(Phase::Head);
            // A whole request may come and be answered before the next look at the timer.
            this.timed = None;
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.watch_write(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.watch_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_flush(cx);
        this.watch_write(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_shutdown(cx);
        this.watch_write(cx, result)
    }
}

/// A timer that costs nothing until it is first needed.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn start(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().reset(deadline),
            None => self.0 = Some(Box::pin(tokio::time::sleep_until(deadline))),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
