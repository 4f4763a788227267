//! A [`crate::FakeBackend`] as a process of its own, which can be killed and frozen like a real server.
//!
//! The process is the test binary itself, started again to run one test: [`ENTRY`], which stands at
//! the root of every test binary that uses this module. Run by hand or by a test runner, that
//! test checks the process; started by a [`FakeProcess`], it is the process.
//!
//! ```no_run
//! #[tokio::test]
//! async fn fake_process() {
//!     transom_testkit::process::serve_or_check().await;
//! }
//! ```
//!
//! So nothing has to be built or found besides the test, whether `cargo test` or a runner that
//! gives each test a process starts it.

use std::env;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::TcpSocket;

use crate::child::{Child, Exit};
use crate::client::Client;
use crate::door;

mod entry;

pub use entry::serve_or_check;

use entry::Options;

/// The name of the test that is the process.
pub const ENTRY: &str = "fake_process";

/// The environment variable that carries what the process is to be, as JSON.
const VARIABLE: &str = "TRANSOM_FAKE_PROCESS";

/// The line that the process prints once it listens, up to its URL.
const LISTENS: &str = "fake backend: ";

/// The path at which the process tells how many requests to a model it has had.
const COUNT: &str = "/fake/count";

/// The set-up of a [`FakeProcess`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    options: Options,
}

impl Builder {
    /// Serves these models instead of `tiny`.
    #[must_use]
    pub fn models<'a>(mut self, models: impl IntoIterator<Item = &'a str>) -> Self {
        self.options.models = models.into_iter().map(str::to_owned).collect();
        self
    }

    /// Demands this key; see [`crate::backend::Builder::expect_key`].
    #[must_use]
    pub fn expect_key(mut self, key: &str) -> Self {
        self.options.key = Some(key.to_owned());
        self
    }

    /// Accepts this `host` header too, such as that of a proxy in front of it.
    #[must_use]
    pub fn expect_host(mut self, authority: &str) -> Self {
        self.options.hosts.push(authority.to_owned());
        self
    }

    /// Answers chats with so many words, each the mark of the request (see [`crate::answer::canary`]).
    #[must_use]
    pub fn words(mut self, words: usize) -> Self {
        self.options.words = words;
        self
    }

    /// Waits this long before each word, streamed or not (whole milliseconds).
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.options.pause_milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Aborts when a request to a model contains this text.
    #[must_use]
    pub fn dies_of(mut self, marker: &str) -> Self {
        self.options.dies_of = Some(marker.to_owned());
        self
    }

    /// Starts the process and waits until it listens.
    pub async fn start(mut self) -> FakeProcess {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let port = door::bind(free).expect("a free loopback port");
        let address = port.local_addr().expect("its number");
        self.options.port = address.port();
        let child = launch(&self.options).await;
        FakeProcess { child, address, options: self.options, _port: port }
    }
}

/// A running (or killed) process; dropping it kills it.
#[derive(Debug)]
pub struct FakeProcess {
    child: Child,
    address: SocketAddr,
    options: Options,
    /// Bound and not listening: while the process is dead nobody else gets its port.
    _port: TcpSocket,
}

impl FakeProcess {
    /// A process to be set up first.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its address, the same after every restart.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path and without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Sends SIGKILL and waits until the process is gone.
    pub async fn kill_9(&self) -> Exit {
        self.child.signal(Signal::KILL);
        self.child.wait().await
    }

    /// Waits until the process is gone, such as after a request it dies of.
    pub async fn wait_exit(&self) -> Exit {
        self.child.wait().await
    }

    /// Sends SIGSTOP: connections stay and nothing is answered.
    pub fn freeze(&self) {
        self.child.signal(Signal::STOP);
    }

    /// Sends SIGCONT after [`FakeProcess::freeze`].
    pub fn thaw(&self) {
        self.child.signal(Signal::CONT);
    }

    /// Starts it again on the same port, killing it first if it lives.
    pub async fn restart(&mut self) {
        self.kill_9().await;
        self.child = launch(&self.options).await;
    }

    /// Requests to a model since its last start.
    pub async fn requests(&self) -> usize {
        let told = Client::new(&self.url()).get(COUNT).await.text();
        told.parse().expect("a number")
    }
}

async fn launch(options: &Options) -> Child {
    let mut command = Command::new(env::current_exe().expect("the path of the test binary"));
    command.args(["--exact", ENTRY, "--nocapture", "--test-threads", "1"]);
    command.env(VARIABLE, serde_json::to_string(options).expect("options serialize"));
    let child = Child::start_leashed(command);
    match child.await_start(&[LISTENS]).await {
        Ok(_url) => child,
        Err(exit) => panic!(
            "the fake process ended early ({exit:?}); is there a test `{ENTRY}` at the root of this \
             test binary?\n{}",
            child.logs()
        ),
    }
}
