//! What a gateway is started with.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::folder::Folder;
use super::{Exit, Finished, LISTENING, READY, TestGateway};
use crate::child::Child;

/// The set-up of a [`TestGateway`].
#[derive(Clone, Debug)]
pub struct Builder {
    binary: PathBuf,
    arguments: Arguments,
    behind_dashes: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    files: Vec<(String, String)>,
    awaited: Awaited,
    folder: Option<Folder>,
}

#[derive(Clone, Debug)]
enum Arguments {
    /// `serve` on a free loopback port, and these.
    Serve(Vec<OsString>),
    /// Exactly these.
    Exactly(Vec<OsString>),
}

#[derive(Clone, Copy, Debug)]
enum Awaited {
    Ready,
    Listening,
}

impl Builder {
    pub(super) fn new(binary: PathBuf) -> Self {
        Self {
            binary,
            arguments: Arguments::Serve(Vec::new()),
            behind_dashes: Vec::new(),
            environment: Vec::new(),
            files: Vec::new(),
            awaited: Awaited::Ready,
            folder: None,
        }
    }

    /// Adds `--upstream URL`.
    #[must_use]
    pub fn upstream(self, url: &str) -> Self {
        self.arg("--upstream").arg(url)
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        match &mut self.arguments {
            Arguments::Serve(list) | Arguments::Exactly(list) => list.push(argument.into()),
        }
        self
    }

    /// Adds arguments behind `--`: the model to spawn vLLM with, and vLLM's own arguments.
    #[must_use]
    pub fn vllm<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.behind_dashes.extend(arguments.into_iter().map(OsString::from));
        self
    }

    /// Uses exactly these arguments instead of `serve --gateway-host 127.0.0.1 --gateway-port 0 …`.
    #[must_use]
    pub fn command_line<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let exactly = arguments.into_iter().map(OsString::from).collect();
        self.arguments = Arguments::Exactly(exactly);
        self
    }

    /// Sets an environment variable; besides these there are only PATH and HOME.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Writes a file into the folder before the start.
    #[must_use]
    pub fn file(mut self, name: &str, text: impl Into<String>) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// Writes `transom.yaml` and adds `--config transom.yaml`.
    #[must_use]
    pub fn config_yaml(self, text: impl Into<String>) -> Self {
        self.config("transom.yaml", text)
    }

    /// Writes this file and adds `--config` with its name.
    #[must_use]
    pub fn config(self, name: &str, text: impl Into<String>) -> Self {
        self.file(name, text).arg("--config").arg(name)
    }

    /// Writes this file and adds `--policy-config` with its name.
    #[must_use]
    pub fn policy_config(self, name: &str, text: impl Into<String>) -> Self {
        self.file(name, text).arg("--policy-config").arg(name)
    }

    /// Writes `.env`.
    #[must_use]
    pub fn dotenv(self, text: impl Into<String>) -> Self {
        self.file(".env", text)
    }

    /// Adds an admin listener on a free loopback port; see [`TestGateway::admin`].
    #[must_use]
    pub fn admin(self) -> Self {
        self.arg("--admin-listen").arg("127.0.0.1:0")
    }

    /// Returns from the start once it listens, whether or not an upstream is ready.
    #[must_use]
    pub fn wait_listening(mut self) -> Self {
        self.awaited = Awaited::Listening;
        self
    }

    /// Runs in the folder of another gateway, which stays until both are gone.
    #[must_use]
    pub fn in_folder_of(self, other: &TestGateway) -> Self {
        self.in_folder(&other.folder)
    }

    /// Runs in this folder, which stays until the last of its users is gone.
    #[must_use]
    pub fn in_folder(mut self, folder: &Folder) -> Self {
        self.folder = Some(folder.clone());
        self
    }

    /// Starts the process and waits for its ready line; its early end fails the test.
    pub async fn start(self) -> TestGateway {
        let folder = self.prepared();
        self.start_in(folder).await
    }

    /// Starts `count` processes one after the other, all in one folder: one set of files, one database.
    pub async fn start_several(self, count: usize) -> Vec<TestGateway> {
        let folder = self.prepared();
        let mut gateways = Vec::with_capacity(count);
        for _ in 0..count {
            gateways.push(self.clone().start_in(folder.clone()).await);
        }
        gateways
    }

    /// Runs the process to its end, such as one that refuses its configuration.
    pub async fn run(self) -> Finished {
        let folder = self.prepared();
        let child = Child::start(self.command(&folder));
        let exit = child.wait().await;
        child.finished(exit).await
    }

    pub(super) async fn start_in(self, folder: Folder) -> TestGateway {
        let child = Child::start(self.command(&folder));
        let starts: &[&str] = match self.awaited {
            Awaited::Ready => &[READY],
            Awaited::Listening => &[LISTENING, READY],
        };
        let url = match child.await_start(starts).await {
            Ok(url) => url,
            Err(exit) => {
                panic!("{} ended early: {exit:?}\n{}", self.binary.display(), child.logs())
            }
        };
        TestGateway { builder: self, child, url, folder }
    }

    /// The folder with the files in it.
    fn prepared(&self) -> Folder {
        let folder = self.folder.clone().unwrap_or_default();
        for (name, text) in &self.files {
            folder.write(name, text);
        }
        folder
    }

    fn command(&self, folder: &Folder) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
        command.envs(search_path().map(|path| ("PATH", path)));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        match &self.arguments {
            Arguments::Exactly(list) => command.args(list),
            Arguments::Serve(list) => command
                .args(["serve", "--gateway-host", "127.0.0.1", "--gateway-port", "0"])
                .args(list),
        };
        if !self.behind_dashes.is_empty() {
            command.arg("--").args(&self.behind_dashes);
        }
        command
    }
}

impl Finished {
    /// Whether it ended with this exit code.
    pub fn has_code(&self, code: i32) -> bool {
        self.exit == Exit::Code(code)
    }
}

#[expect(clippy::disallowed_methods, reason = "the process under test needs the tester's PATH")]
fn search_path() -> Option<OsString> {
    std::env::var_os("PATH")
}
