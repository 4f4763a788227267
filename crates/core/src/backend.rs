//! The state of a model server, as the gateway sees it.

use std::sync::Arc;

/// Whether a model server can take requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackendState {
    /// It is starting, or has not been reached yet: requests get 503 `model_loading`.
    Loading {
        /// What it is waiting for, for operators: `connection refused`, `status 503`, …
        reason: Arc<str>,
    },
    /// It answers.
    Ready,
    /// It answered before and does not now.
    Unreachable {
        /// What happened, for operators.
        reason: Arc<str>,
    },
    /// It answers but refuses the gateway: a wrong key.
    Misconfigured {
        /// What to do about it, for operators.
        reason: Arc<str>,
    },
}

impl BackendState {
    /// One word, as `/readyz` and metrics show it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Loading { .. } => "loading",
            Self::Ready => "ready",
            Self::Unreachable { .. } => "unreachable",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }

    /// What operators should know beyond the word.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Loading { reason }
            | Self::Unreachable { reason }
            | Self::Misconfigured { reason } => Some(reason),
        }
    }
}
