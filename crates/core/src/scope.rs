//! Owners: whose data a row is.

use std::sync::Arc;

/// The owner of a stored object and the boundary of every read.
///
/// Store traits take it first, and no unscoped read exists, so a query that forgets the owner does
/// not compile. Objects are shared within a team; the key is recorded as their creator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The organisation.
    pub org: Arc<str>,
    /// The team within the organisation: what is shared, is shared here.
    pub team: Arc<str>,
    /// The virtual key that asked.
    pub key: Arc<str>,
}

impl Scope {
    /// The one built-in owner of a gateway without keys (design decision 5).
    pub fn local() -> Self {
        Self { org: Arc::from("local"), team: Arc::from("local"), key: Arc::from("local") }
    }

    /// The owner of whoever holds the master key: the same data as without a key, so that setting
    /// a key does not hide what was stored before.
    pub fn master() -> Self {
        Self { key: Arc::from("master"), ..Self::local() }
    }
}
