//! Stored history and what the program says about its commits.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde::Deserialize;

use crate::client::Connection;
use crate::workload::{Delivery, turn_request};

#[derive(Deserialize)]
struct Response {
    id: String,
}

/// Has `depth` turns, each of which continues the one before; the last one's id.
pub(crate) async fn plant(address: SocketAddr, depth: usize) -> anyhow::Result<String> {
    let mut connection = Connection::open(address).await?;
    let mut last: Option<String> = None;
    for _ in 0..depth {
        connection.exchange(&turn_request(last.as_deref(), Delivery::Whole)).await?;
        last = Some(serde_json::from_slice::<Response>(connection.body())?.id);
    }
    last.context("a chain has at least one turn")
}

/// Commits so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commits {
    seconds: f64,
    count: f64,
}

impl Commits {
    /// Reads the program's metrics.
    pub(crate) async fn read(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        connection.exchange(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let page = std::str::from_utf8(connection.body())?;
        let value = |name: &str| -> anyhow::Result<f64> {
            let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            Ok(line.with_context(|| format!("no metric {name}"))?.trim().parse()?)
        };
        Ok(Self {
            seconds: value("transom_store_commit_seconds_sum")?,
            count: value("transom_store_commit_seconds_count")?,
        })
    }

    /// The mean time of a commit since then, in microseconds.
    pub(crate) fn mean_since(self, earlier: Self) -> f64 {
        (self.seconds - earlier.seconds) * 1e6 / (self.count - earlier.count).max(1.0)
    }
}
