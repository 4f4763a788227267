//! Asks a model server whether it is ready, for as long as the program runs.
//!
//! Ready means `GET …/models` answers 200, as the reference asks. The state it keeps is what
//! requests and `/readyz` see.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio_util::sync::CancellationToken;
use transom_core::backend::BackendState;
use transom_core::upstream_error::UpstreamError;

use crate::backend::Backend;
use transom_core::port::upstream::Upstream as _;

/// How often a server that is not ready is asked.
pub const EAGER_INTERVAL: Duration = Duration::from_millis(250);

/// How often a ready server is asked.
pub const CALM_INTERVAL: Duration = Duration::from_secs(2);

/// How long one answer may take.
pub const LIMIT: Duration = Duration::from_secs(2);

/// A ready server is called unreachable only after this many refusals in a row, so that one lost
/// probe of a busy server does not turn its requests away.
const PATIENCE: u32 = 3;

/// Probes until cancelled.
pub async fn run(backend: Arc<Backend>, cancel: CancellationToken) {
    let mut misses = 0;
    loop {
        let seen = tokio::select! {
            seen = ask(&backend) => seen,
            () = cancel.cancelled() => return,
        };
        misses = if matches!(seen, Seen::Ready) { 0 } else { misses + 1 };
        if let Some(next) = next_state(&backend.state(), &seen, misses) {
            backend.set_state(next);
        }
        // A ready server that has just missed a probe is asked again soon.
        let pause = match backend.state() {
            BackendState::Ready if misses == 0 => CALM_INTERVAL,
            _ => EAGER_INTERVAL,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = backend.doubted(), if misses == 0 => {}
            () = cancel.cancelled() => return,
        }
    }
}

/// What one probe saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It answers 200.
    Ready,
    /// It refuses the gateway's key.
    Refused(StatusCode),
    /// Anything else, with what happened.
    NotYet(Arc<str>),
}

/// What to do about a refused key.
pub fn advice(status: StatusCode) -> String {
    format!("the model server answered {status}: set VR_OPENAI_API_KEY to the key it expects")
}

/// Asks once.
pub async fn ask(backend: &Backend) -> Seen {
    match backend.models(LIMIT).await {
        Ok(reply) if reply.status == StatusCode::OK => Seen::Ready,
        Ok(reply) if matches!(reply.status.as_u16(), 401 | 403) => Seen::Refused(reply.status),
        Ok(reply) => Seen::NotYet(Arc::from(format!("GET /models answered {}", reply.status))),
        Err(UpstreamError::FirstByteTimeout { .. }) => Seen::NotYet(Arc::from("no answer yet")),
        Err(error) => Seen::NotYet(Arc::from(error.to_string())),
    }
}

fn next_state(current: &BackendState, seen: &Seen, misses: u32) -> Option<BackendState> {
    match (current, seen) {
        (_, Seen::Ready) => Some(BackendState::Ready),
        (_, Seen::Refused(status)) => {
            Some(BackendState::Misconfigured { reason: Arc::from(advice(*status)) })
        }
        (BackendState::Loading { .. }, Seen::NotYet(reason)) => {
            Some(BackendState::Loading { reason: Arc::clone(reason) })
        }
        (BackendState::Ready, Seen::NotYet(_)) if misses < PATIENCE => None,
        (_, Seen::NotYet(reason)) => Some(BackendState::Unreachable { reason: Arc::clone(reason) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_probe_does_not_turn_a_ready_server_away() {
        let lost = Seen::NotYet(Arc::from("no answer yet"));
        assert_eq!(next_state(&BackendState::Ready, &lost, 1), None);
        let gone = next_state(&BackendState::Ready, &lost, PATIENCE);
        assert_eq!(gone.map(|state| state.word()), Some("unreachable"));
    }

    #[test]
    fn a_refused_key_is_said_with_advice() {
        let seen = Seen::Refused(StatusCode::UNAUTHORIZED);
        let loading = BackendState::Loading { reason: Arc::from("") };
        let state = next_state(&loading, &seen, 1).unwrap();
        assert_eq!(state.word(), "misconfigured");
        assert!(state.reason().unwrap().contains("VR_OPENAI_API_KEY"));
    }
}
