//! The signals that end the program or have it read its configuration again.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// Which signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Ctrl-C.
    Interrupt,
    /// The polite request of service managers.
    Terminate,
}

impl Ended {
    /// The exit code of a program that had to cut requests: 128 and the signal's number.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Catches signals for as long as it lives. The first asks for an orderly end, the next hurry it.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    hangups: Arc<Notify>,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            hangups: Arc::default(),
        })
    }

    /// Rung by every SIGHUP.
    pub(super) fn hangups(&self) -> Arc<Notify> {
        Arc::clone(&self.hangups)
    }

    /// The next signal that ends the program. SIGHUP does not: it asks for a reload.
    pub(super) async fn next(&mut self) -> Ended {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Ended::Interrupt,
                _ = self.terminate.recv() => return Ended::Terminate,
                _ = self.hangup.recv() => self.hangups.notify_one(),
            }
        }
    }
}
