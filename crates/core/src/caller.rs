//! Who asks.

use crate::scope::Scope;

/// An authenticated caller. It has no default and no empty value: a request either has a caller or
/// has been refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The owner of what this caller creates, and the boundary of what it can see.
    pub scope: Scope,
}

impl Principal {
    /// Whether this is an operator of the gateway, who may read about the servers behind it.
    pub fn is_operator(&self) -> bool {
        self.scope == Scope::master()
    }
}
