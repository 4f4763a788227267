//! Is the model server ready?

use std::time::Duration;

use transom_core::backend::BackendState;
use transom_core::failure::Failure;

use crate::gateway::Gateway;

/// When a client should come back while a model loads: loading takes minutes.
const LOADING_RETRY_AFTER: Duration = Duration::from_secs(10);

/// When a client should come back while a server is gone: it may be back at any moment.
const GONE_RETRY_AFTER: Duration = Duration::from_secs(2);

impl Gateway {
    /// Refuses at once while the model server cannot take requests.
    pub(crate) fn resolve(&self) -> Result<(), Failure> {
        let state = self.upstream.state();
        let retry_after = match state {
            BackendState::Ready => return Ok(()),
            BackendState::Loading { .. } => LOADING_RETRY_AFTER,
            BackendState::Unreachable { .. } | BackendState::Misconfigured { .. } => {
                GONE_RETRY_AFTER
            }
        };
        Err(Failure::NotReady { state: state.word(), retry_after })
    }
}
