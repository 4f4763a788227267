//! What has happened at a fake backend so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use super::{Request, Violation};

/// A peer that left before its answer was complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// The number of the request that was being answered.
    pub request: usize,
    /// When the FIN or RST was seen.
    pub at: Instant,
    /// Bytes of the answer the kernel had taken by then, head and framing included.
    pub bytes_written: u64,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) requests: Vec<Request>,
    /// Bytes written, by request number.
    pub(super) written: Vec<u64>,
    pub(super) disconnects: VecDeque<Disconnect>,
    pub(super) violations: Vec<Violation>,
    pub(super) accepted: usize,
    pub(super) open: usize,
    pub(super) in_flight: usize,
    pub(super) peak: usize,
    /// Requests to a model of whose answer the last piece has not been written yet.
    pub(super) generating: BTreeSet<usize>,
    /// The most of them at one time since the peak was last taken.
    pub(super) most_generating: usize,
    /// Requests by path.
    pub(super) by_path: BTreeMap<String, usize>,
    /// Requests by connection, in the order of acceptance.
    pub(super) by_connection: Vec<usize>,
    /// How often a marked request killed the backend.
    pub(super) deaths: usize,
    /// Requests that `next_request` has looked at.
    looked_at: usize,
}

impl Ledger {
    /// Enters a request under the next number.
    pub(super) fn enter(&mut self, mut request: Request) -> Request {
        request.number = self.requests.len();
        self.requests.push(request.clone());
        self.written.push(0);
        self.in_flight += 1;
        self.peak = self.peak.max(self.in_flight);
        if request.is_inference() {
            self.generating.insert(request.number);
        }
        self.most_generating = self.most_generating.max(self.generating.len());
        *self.by_path.entry(request.path().to_owned()).or_default() += 1;
        self.by_connection[request.connection] += 1;
        request
    }

    /// An answer has ended, whichever way.
    pub(super) fn leave(&mut self, request: usize) {
        self.in_flight -= 1;
        self.generating.remove(&request);
    }

    /// Enters a connection and gives its number.
    pub(super) fn connected(&mut self) -> usize {
        self.open += 1;
        self.accepted += 1;
        self.by_connection.push(0);
        self.accepted - 1
    }

    /// The most requests to a model at one time since this was last asked.
    pub(super) fn take_peak(&mut self) -> usize {
        std::mem::replace(&mut self.most_generating, self.generating.len())
    }

    pub(super) fn next_request(&mut self) -> Option<Request> {
        let fresh = self.requests.get(self.looked_at..)?;
        let found = fresh.iter().position(Request::is_inference);
        self.looked_at += found.map_or(fresh.len(), |at| at + 1);
        found.map(|_| self.requests[self.looked_at - 1].clone())
    }

    pub(super) fn peer_left(&mut self, request: usize) {
        let bytes_written = self.written[request];
        self.disconnects.push_back(Disconnect { request, at: Instant::now(), bytes_written });
    }
}
