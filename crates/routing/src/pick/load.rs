//! How loaded a deployment is, as a number of requests.

use super::Candidate;

impl Candidate<'_> {
    /// Our own requests in flight there, and those of everybody that wait in the server's own queue.
    ///
    /// The queue tells a small server that is full from a large one that is busy: a request that
    /// waits makes the next one wait, while those that are worked on share the server. If it is ours
    /// it counts once as ours and once as waiting. What the server works on is left out: most of it
    /// is ours, and for the rest the figure is seconds old, so that all gateways would send all they
    /// have to the same server until its next figure. In the simulator that is worse than chance.
    pub(super) fn requests(&self) -> u32 {
        self.in_flight.saturating_add(self.waiting)
    }
}
