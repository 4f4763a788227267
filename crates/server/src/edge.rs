//! The limits of the edge, which can change while it serves.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// Limits of the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest header block, the target included, in bytes.
    pub header_bytes: usize,
    /// Most header fields.
    pub header_count: usize,
    /// How bodies are read.
    pub body: crate::body::Limits,
    /// How WebSockets are treated.
    pub socket: crate::socket::Limits,
    /// How long clients may let the gateway wait.
    pub patience: crate::guarded::Patience,
}

/// The limits in effect. Each request reads those of its body and its head when it comes, each
/// connection and each WebSocket its own when it is opened.
pub struct Edge(ArcSwap<Limits>);

impl Edge {
    /// An edge with these limits.
    pub fn new(limits: Limits) -> Self {
        Self(ArcSwap::from_pointee(limits))
    }

    /// The limits as they are now; that costs no lock.
    pub fn limits(&self) -> Limits {
        **self.0.load()
    }

    /// Puts others in their place.
    pub fn exchange(&self, limits: Limits) {
        self.0.store(Arc::new(limits));
    }
}
