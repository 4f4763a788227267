//! Standard output and standard error of a running gateway.
//!
//! Whoever reads them may stop reading: a terminal that is held, a pager, a stuck log collector.
//! That must not stop requests, so each has a queue with a thread of its own; when a queue is full,
//! lines are lost rather than time.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Most lines that wait for a reader.
const WAITING: usize = 16 * 1024;

/// Both outputs. Clones share them.
#[derive(Clone)]
pub(crate) struct Console {
    out: NonBlocking,
    err: NonBlocking,
}

/// Writes what is waiting when it is dropped, for a second at most.
pub(crate) struct Flush {
    _out: WorkerGuard,
    _err: WorkerGuard,
}

impl Console {
    /// Starts the two threads.
    pub(crate) fn start() -> (Self, Flush) {
        let queue = || NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING);
        let (out, flush_out) = queue().thread_name("stdout").finish(stdout());
        let (err, flush_err) = queue().thread_name("stderr").finish(stderr());
        (Self { out, err }, Flush { _out: flush_out, _err: flush_err })
    }

    /// A line on standard output.
    pub(crate) fn line(&self, text: &str) {
        let _ = self.out.clone().write_all(format!("{text}\n").as_bytes());
    }

    /// Something that stops the program.
    pub(crate) fn problem(&self, text: &str) {
        let _ = self.err.clone().write_all(format!("[serve] error: {text}\n").as_bytes());
    }

    /// Where log lines go, and whether a person reads them.
    pub(crate) fn log(&self) -> (NonBlocking, bool) {
        (self.err.clone(), stderr().is_terminal())
    }
}
