//! The real `transom` binary as a process, in a folder of its own.
//!
//! # Layout
//!
//! - this file: [`TestGateway`], a running process and what a test does to it.
//! - [`Builder`]: the command line, environment and files it starts with.
//! - `child`: the process: its output line by line, its exit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::client::Client;

mod builder;
mod child;

pub use builder::Builder;
pub use child::{Exit, Finished};

use child::Child;

/// A started gateway; dropping it kills the process.
#[derive(Debug)]
pub struct TestGateway {
    builder: Builder,
    child: Child,
    url: String,
    folder: Arc<TempDir>,
}

impl TestGateway {
    /// The set-up of a gateway from this binary (in the binary crate: `env!("CARGO_BIN_EXE_transom")`).
    pub fn builder(binary: impl Into<PathBuf>) -> Builder {
        Builder::new(binary.into())
    }

    /// Its URL without a path and without a final slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// The folder it runs in, where its database lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All lines of stdout and stderr so far, in order of arrival.
    pub fn logs(&self) -> String {
        self.child.logs()
    }

    /// Waits for a line of output that contains this text, and returns the line.
    pub async fn await_log(&self, text: &str) -> String {
        self.child.await_line(text).await
    }

    /// Waits for the ready line, after [`Builder::wait_listening`].
    pub async fn await_ready(&self) {
        self.child.await_line(child::READY).await;
    }

    /// Sends SIGKILL.
    pub fn kill_9(&self) {
        self.child.signal(Signal::KILL);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.child.signal(Signal::TERM);
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.child.signal(Signal::INT);
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        self.child.signal(Signal::HUP);
    }

    /// Waits until the process has ended.
    pub async fn wait_exit(&self) -> Exit {
        self.child.wait().await
    }

    /// Starts again in the same folder with the same command line, killing the process if it lives.
    ///
    /// The port is a new one; the output starts afresh.
    pub async fn restart(self) -> Self {
        self.kill_9();
        self.wait_exit().await;
        let Self { builder, folder, .. } = self;
        builder.start_in(folder).await
    }
}
