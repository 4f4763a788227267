//! What a test can count at a fake backend.

use std::collections::BTreeMap;

use super::ledger::Ledger;
use super::{FakeBackend, Request};

impl FakeBackend {
    /// Bytes written so far for this request, head and framing included.
    pub fn bytes_written(&self, request: &Request) -> u64 {
        self.shared.ledger.read(|ledger| ledger.written.get(request.number).copied().unwrap_or(0))
    }

    /// Connections open now.
    pub fn open_connections(&self) -> usize {
        self.shared.ledger.read(|ledger| ledger.open)
    }

    /// Connections accepted since the start.
    pub fn accepted_connections(&self) -> usize {
        self.shared.ledger.read(|ledger| ledger.accepted)
    }

    /// The most answers, probes included, that were in progress at one time.
    pub fn concurrent(&self) -> usize {
        self.shared.ledger.read(|ledger| ledger.peak)
    }

    /// The most requests to a model at one time since this was last asked.
    pub fn take_peak(&self) -> usize {
        self.shared.ledger.update(Ledger::take_peak)
    }

    /// Requests so far by path.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.shared.ledger.read(|ledger| ledger.by_path.clone())
    }

    /// Requests to this path so far.
    pub fn count(&self, path: &str) -> usize {
        self.shared.ledger.read(|ledger| ledger.by_path.get(path).copied().unwrap_or(0))
    }

    /// Waits until so many requests in all have come to this path.
    pub async fn await_count(&self, path: &str, count: usize) {
        let what = format!("request {count} to {path} of the fake backend");
        let enough = |ledger: &mut Ledger| ledger.by_path.get(path).is_some_and(|n| *n >= count);
        self.shared.ledger.wait_for(&what, |ledger| enough(ledger).then_some(())).await;
    }

    /// Requests so far on each connection, in the order in which they were accepted.
    pub fn requests_by_connection(&self) -> Vec<usize> {
        self.shared.ledger.read(|ledger| ledger.by_connection.clone())
    }

    /// How often a marked request killed it; see [`FakeBackend::die_of`].
    pub fn deaths(&self) -> usize {
        self.shared.ledger.read(|ledger| ledger.deaths)
    }
}
