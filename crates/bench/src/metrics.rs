//! What the program says about itself.

use std::net::SocketAddr;

use anyhow::Context as _;

use crate::client::Connection;

/// Its metrics at one moment.
pub(crate) struct Page(String);

impl Page {
    pub(crate) async fn read(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        connection.exchange(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        Ok(Self(std::str::from_utf8(connection.body())?.to_owned()))
    }

    /// A metric without labels.
    pub(crate) fn value(&self, name: &str) -> anyhow::Result<f64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no metric {name}"))?.trim().parse()?)
    }
}
