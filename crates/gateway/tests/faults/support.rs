//! A gateway in front of a fake model server, and how an exchange with it ends.
//!
//! # Layout
//!
//! - this file: [`Rig`], the sizes of a test, waiting and measuring.
//! - `exchange`: one request on each road, with the contract of how streams end.
//! - `chunks`: the pieces that model servers' streams are made of.
//! - `fleet`: a gateway in front of several model servers.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use transom_testkit::{Client, FakeBackend, PATIENCE, RawClient, TestGateway};

pub(crate) mod chunks;
pub(crate) mod exchange;
pub(crate) mod fleet;

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const RESPONSES: &str = "/v1/responses";

/// How often something is looked at that cannot be waited for.
const GLANCE: Duration = Duration::from_millis(5);

/// A gateway and the model server behind it.
pub(crate) struct Rig {
    pub(crate) gateway: TestGateway,
    pub(crate) client: Client,
    pub(crate) backend: FakeBackend,
}

impl Rig {
    /// A gateway with this configuration.
    pub(crate) async fn start(yaml: &str) -> Self {
        let backend = FakeBackend::start().await;
        let mut builder =
            TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url());
        if !yaml.is_empty() {
            builder = builder.config_yaml(yaml);
        }
        let gateway = builder.start().await;
        Self { client: gateway.client(), gateway, backend }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        self.gateway.url().trim_start_matches("http://")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.host().parse().expect("an address")
    }

    pub(crate) async fn connect(&self) -> RawClient {
        RawClient::connect(self.address()).await.expect("connecting")
    }

    /// The value of a line of the metrics page; 0 where there is no such line.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        metric(&self.client, line).await
    }

    /// A connection to the gateway's database.
    pub(crate) async fn database(&self) -> sqlx::SqliteConnection {
        let file = self.gateway.folder().join("vllm_responses.db");
        let url = format!("sqlite://{}", file.display());
        sqlx::SqliteConnection::connect(&url).await.expect("the gateway's database")
    }

    /// Ids of the stored responses that ended this way, oldest first.
    pub(crate) async fn stored(&self, status: &str) -> Vec<String> {
        let query = "SELECT id FROM responses WHERE status = ?1 ORDER BY created_at, rowid";
        let rows = sqlx::query_scalar(query).bind(status);
        rows.fetch_all(&mut self.database().await).await.expect("reading the database")
    }

    /// The memory that the gateway holds, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        self.kibibytes("VmRSS:")
    }

    /// The most memory that the gateway has held so far, in KiB.
    pub(crate) fn most_memory(&self) -> u64 {
        self.kibibytes("VmHWM:")
    }

    fn kibibytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.gateway.pid()));
        let status = status.expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.and_then(|line| line.split_whitespace().next());
        digits.expect("a size").parse().expect("a number")
    }
}

/// The value of a line of a gateway's metrics page; 0 where there is no such line.
pub(crate) async fn metric(client: &Client, line: &str) -> f64 {
    let page = client.get("/metrics").await.text();
    let value = page.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().expect("a number"))
}

/// How many: the first number, or the second one in a soak.
pub(crate) fn count(short: usize, long: usize) -> usize {
    if is_soak() { long } else { short }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not a setting of the program"
)]
pub(crate) fn is_soak() -> bool {
    std::env::var_os("TRANSOM_SOAK").is_some_and(|value| value == "1")
}

/// Looks again and again until it is so; fails the test when it never is.
pub(crate) async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !check().await {
            tokio::time::sleep(GLANCE).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, looking).await;
    assert!(seen.is_ok(), "not within {PATIENCE:?}: {what}");
}

/// Times of one kind.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Runs it and notes how long it took.
    pub(crate) async fn of<T>(&mut self, running: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = running.await;
        self.add(started.elapsed());
        result
    }

    /// The time that this share of them (of 100) did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or_default()
    }

    /// Prints what was measured.
    pub(crate) fn print(&self, what: &str) {
        let (half, most) = (self.percentile(50), self.percentile(99));
        println!("{what}: {} measured, p50 {half:.1?}, p99 {most:.1?}", self.0.len());
    }
}
