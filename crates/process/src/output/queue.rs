//! The bounded queue between reading the output and writing it.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Most bytes of output waiting for a slow sink; beyond it the oldest lines are dropped, since the
/// newest tell why a program died.
pub const QUEUE_LIMIT: usize = 4 * 1024 * 1024;
/// What a line costs besides its text.
const LINE_COST: usize = 64;

/// What the sink gets next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A line of output.
    Line(String),
    /// So many lines are missing here.
    Dropped(u64),
}

/// Lines in order, with a reader that waits.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
    closed: bool,
}

impl Queue {
    /// Never waits: makes room by dropping the oldest lines.
    pub(super) fn push(&self, line: String) {
        let mut inner = self.lock();
        inner.bytes += line.len() + LINE_COST;
        inner.lines.push_back(line);
        while inner.bytes > QUEUE_LIMIT {
            inner.pop();
            inner.dropped += 1;
        }
        self.changed.notify_one();
    }

    /// Lets [`next`](Self::next) end after what is queued.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Blocks for the next entry; `None` when closed and empty.
    pub(super) fn next(&self) -> Option<Entry> {
        let mut inner = self.lock();
        loop {
            let dropped = std::mem::take(&mut inner.dropped);
            if dropped > 0 {
                return Some(Entry::Dropped(dropped));
            }
            if let Some(line) = inner.pop() {
                return Some(Entry::Line(line));
            }
            if inner.closed {
                return None;
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn pop(&mut self) -> Option<String> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.len() + LINE_COST;
        Some(line)
    }
}

#[cfg(test)]
mod tests;
