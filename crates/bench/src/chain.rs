//! Stored history and what the program says about its commits.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::client::Connection;
use crate::metrics::Page;
use crate::workload::{Delivery, turn_request};

#[derive(Deserialize)]
struct Response {
    id: String,
}

/// Has `depth` turns, each of which continues the one before; their ids in order.
pub(crate) async fn plant(address: SocketAddr, depth: usize) -> anyhow::Result<Vec<String>> {
    let mut connection = Connection::open(address).await?;
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..depth {
        let previous = ids.last().map(String::as_str);
        connection.exchange(&turn_request(previous, Delivery::Whole)).await?;
        ids.push(serde_json::from_slice::<Response>(connection.body())?.id);
    }
    Ok(ids)
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
        let page = Page::read(address).await?;
        Ok(Self {
            seconds: page.value("transom_store_commit_seconds_sum")?,
            count: page.value("transom_store_commit_seconds_count")?,
        })
    }

    /// The mean time of a commit since then, in microseconds.
    pub(crate) fn mean_since(self, earlier: Self) -> f64 {
        (self.seconds - earlier.seconds) * 1e6 / (self.count - earlier.count).max(1.0)
    }
}
