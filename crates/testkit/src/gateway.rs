//! The real `transom` binary as a process, in a folder of its own.
//!
//! # Layout
//!
//! - this file: [`TestGateway`], a running process and what a test does to it.
//! - [`Builder`]: the command line, environment and files it starts with.
//! - [`Folder`]: where it runs, and how its files change under it.
//! - `logs`: its output, line by line and as JSON.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::child::Child;
use crate::client::Client;

mod builder;
mod folder;
mod logs;

pub use crate::child::{Exit, Finished, LogMark};
pub use builder::Builder;
pub use folder::Folder;

/// The line a gateway prints once it answers for a model, up to its URL.
const READY: &str = "Transom is ready: ";

/// The line it prints before that where an upstream is not ready yet.
const LISTENING: &str = "Transom is listening: ";

/// The line that tells where its admin API is, up to the URL.
const ADMIN: &str = "Admin API: ";

/// A started gateway; dropping it kills the process.
#[derive(Debug)]
pub struct TestGateway {
    builder: Builder,
    child: Child,
    url: String,
    folder: Folder,
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

    /// The URL of its admin API, without a path and without a final slash, once it is told; see
    /// [`Builder::admin`].
    pub async fn admin_url(&self) -> String {
        let line = self.child.await_line(ADMIN).await;
        let url = line.split(ADMIN).nth(1).and_then(|rest| rest.split_whitespace().next());
        url.unwrap_or_default().trim_end_matches('/').to_owned()
    }

    /// A client of its admin API.
    pub async fn admin(&self) -> Client {
        Client::new(&self.admin_url().await)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// File descriptors that the process holds open, by `/proc`.
    pub fn open_files(&self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.pid()));
        files.expect("the process lives").count()
    }

    /// The folder it runs in, where its database lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// That folder, to change the files in it.
    pub fn files(&self) -> &Folder {
        &self.folder
    }

    /// Waits for the ready line, after [`Builder::wait_listening`].
    pub async fn await_ready(&self) {
        self.child.await_line(READY).await;
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
    /// The port is a new one; the output starts afresh; the files are as they are by then.
    pub async fn restart(self) -> Self {
        self.kill_9();
        self.wait_exit().await;
        let Self { builder, folder, .. } = self;
        builder.start_in(folder).await
    }
}
