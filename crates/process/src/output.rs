//! A program's output on its way to the operator.
//!
//! One task per run reads the pipe and never waits for anything else, so the program is never
//! blocked by a slow terminal. Lines go through a bounded queue to one thread per supervised
//! program, which alone calls the [`LineSink`] and may therefore block.

use std::{fmt::Write as _, io, sync::Arc, thread, time::Duration};

use tokio::{net::unix::pipe, sync::oneshot, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use self::{
    lines::Lines,
    queue::{Entry, Queue},
};

mod lines;
mod queue;

pub use self::{lines::LINE_LIMIT, queue::QUEUE_LIMIT};

/// Bytes read from the pipe at once: as many as a pipe holds.
const READ_SIZE: usize = 64 * 1024;
/// How long the rest of the output is waited for after a program's end.
const REST_LIMIT: Duration = Duration::from_secs(2);

/// Where lines of output go; any `FnMut(&str) + Send` is one.
pub trait LineSink: Send + 'static {
    /// Takes one line, `name| text`, without its end. May block: only then may lines be lost, and
    /// `name| … N lines dropped` stands in their place.
    fn line(&mut self, line: &str);
}

impl<F: FnMut(&str) + Send + 'static> LineSink for F {
    fn line(&mut self, line: &str) {
        self(line);
    }
}

/// The output of one supervised program over all its runs.
pub(crate) struct Output {
    queue: Arc<Queue>,
    tracker: TaskTracker,
    written: oneshot::Receiver<()>,
}

impl Output {
    /// Fails when no thread can be started.
    pub(crate) fn new(
        name: &str,
        mut sink: Box<dyn LineSink>,
        tracker: TaskTracker,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (done, written) = oneshot::channel();
        let (source, prefix) = (Arc::clone(&queue), format!("{name}| "));
        thread::Builder::new().name(format!("{name}-output")).spawn(move || {
            write_all(&source, &prefix, sink.as_mut());
            // Nobody waits any more when the supervisor was dropped.
            let _ = done.send(());
        })?;
        Ok(Self { queue, tracker, written })
    }

    /// Starts to read the output of one run.
    pub(crate) fn drain(&self, pipe: pipe::Receiver) -> Drain {
        Drain(self.tracker.spawn(read_all(pipe, Arc::clone(&self.queue))))
    }

    /// Waits until the sink has taken what is queued, for a while at most.
    pub(crate) async fn finish(mut self) {
        self.queue.close();
        let _ = timeout(REST_LIMIT, &mut self.written).await;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The task that reads the output of one run.
pub(crate) struct Drain(JoinHandle<()>);

impl Drain {
    /// Waits for the end of the output, for a while at most. Cancel-safe.
    pub(crate) async fn finish(&mut self) {
        if !self.0.is_finished() && timeout(REST_LIMIT, &mut self.0).await.is_err() {
            self.0.abort();
        }
    }
}

async fn read_all(pipe: pipe::Receiver, queue: Arc<Queue>) {
    let mut lines = Lines::default();
    let mut bytes = vec![0; READ_SIZE];
    while pipe.readable().await.is_ok() {
        match pipe.try_read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => lines.feed(&bytes[..read], |line| queue.push(line)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                tracing::error!(%error, "cannot read the program's output");
                break;
            }
        }
    }
    lines.finish(|line| queue.push(line));
}

fn write_all(queue: &Queue, prefix: &str, sink: &mut dyn LineSink) {
    let mut line = String::new();
    while let Some(entry) = queue.next() {
        line.clear();
        // Writing to a string cannot fail.
        let _ = match entry {
            Entry::Line(text) => write!(line, "{prefix}{text}"),
            Entry::Dropped(count) => write!(line, "{prefix}… {count} lines dropped"),
        };
        sink.line(&line);
    }
}
