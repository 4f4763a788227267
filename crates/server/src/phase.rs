//! What a connection is doing, which decides how long it may be silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between two requests: it may rest for the keep-alive time.
    Idle = 0,
    /// Within the head of a request: it must finish soon.
    Head = 1,
    /// A request is being served: the body's reader and the writer have their own limits.
    Serving = 2,
}

/// A connection's phase, shared by its socket (which sees bytes) and its requests (which know what
/// they mean).
#[derive(Clone)]
pub(crate) struct SharedPhase(Arc<AtomicU8>);

impl SharedPhase {
    /// A fresh connection has to show a request at once.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(Phase::Head as u8)))
    }

    pub(crate) fn get(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Serving,
        }
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    /// A request begins. The connection is idle again when the guard is dropped, which happens when
    /// the answer's body has been handed over whole or the connection is gone.
    pub(crate) fn serve(&self) -> Serving {
        self.set(Phase::Serving);
        Serving(Some(self.clone()))
    }
}

/// Keeps a connection in [`Phase::Serving`].
pub(crate) struct Serving(Option<SharedPhase>);

impl Serving {
    /// The connection has left HTTP behind: it is never idle again, and whoever has it now keeps the
    /// time.
    pub(crate) fn for_good(mut self) {
        self.0 = None;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(phase) = &self.0 {
            phase.set(Phase::Idle);
        }
    }
}
