//! What a failure of a model server means for what follows.

use std::time::Duration;

use http::StatusCode;
use transom_core::fleet::FailureClass;
use transom_core::upstream_error::{Report, Symptom, UpstreamError};

/// How long a server that answers 429 without saying when rests.
const REST: Duration = Duration::from_secs(1);

/// No server rests longer because it asked for it.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// The class of a failure.
pub(crate) fn class(error: &UpstreamError) -> FailureClass {
    match error {
        UpstreamError::Connect { .. }
        | UpstreamError::ConnectTimeout { .. }
        | UpstreamError::Tls { .. }
        | UpstreamError::Truncated { .. } => FailureClass::Connection,
        UpstreamError::FirstByteTimeout { .. }
        | UpstreamError::Stalled { .. }
        | UpstreamError::TotalTimeout { .. } => FailureClass::Timeout,
        UpstreamError::Protocol { .. } | UpstreamError::TooLarge { .. } => FailureClass::Server,
        UpstreamError::Status { status, report, .. } => of_status(*status, report),
        UpstreamError::Reported(report) => {
            let status = report.code.as_deref().and_then(|code| code.parse::<u16>().ok());
            let status = status.and_then(|code| StatusCode::from_u16(code).ok());
            of_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), report)
        }
    }
}

fn of_status(status: StatusCode, report: &Report) -> FailureClass {
    match report.symptom {
        Some(Symptom::ContextTooLong) => return FailureClass::ContextLength,
        Some(Symptom::ContentPolicy) => return FailureClass::ContentPolicy,
        _ => {}
    }
    match status.as_u16() {
        401 | 403 => FailureClass::Authentication,
        404 => FailureClass::NotFound,
        408 => FailureClass::Timeout,
        429 => FailureClass::RateLimit,
        400..=499 => FailureClass::BadRequest,
        _ => FailureClass::Server,
    }
}

/// Whether a failure says something about the server, rather than about the request or its load.
///
/// A 404 does not: with a name or a route that the client chose, anybody could take a healthy server
/// out with a few of them. Nor does a prompt that does not render, whatever its status, or a 501: the
/// server does not do what was asked for, and never will.
pub(crate) fn blames_server(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::TotalTimeout { .. }
        | UpstreamError::TooLarge { .. }
        | UpstreamError::Status { status: StatusCode::NOT_IMPLEMENTED, .. } => false,
        _ if error.symptom().is_some_and(|symptom| !symptom.is_of_server()) => false,
        _ => matches!(
            class(error),
            FailureClass::Connection
                | FailureClass::Timeout
                | FailureClass::Server
                | FailureClass::Authentication
        ),
    }
}

/// Whether another deployment may do better.
pub(crate) fn helps_elsewhere(class: FailureClass) -> bool {
    match class {
        FailureClass::Connection
        | FailureClass::Timeout
        | FailureClass::RateLimit
        | FailureClass::Server
        | FailureClass::Authentication
        | FailureClass::NotFound => true,
        FailureClass::BadRequest | FailureClass::ContextLength | FailureClass::ContentPolicy => {
            false
        }
    }
}

/// Whether the very same deployment may do better in a moment.
pub(crate) fn helps_again(class: FailureClass) -> bool {
    matches!(class, FailureClass::Connection | FailureClass::RateLimit)
}

/// How long a server that refuses for its load is left alone: as long as it asks with a 429 or a
/// 503, and for a moment when a 429 asks for nothing.
pub(crate) fn rest(error: &UpstreamError) -> Option<Duration> {
    let UpstreamError::Status { status, retry_after, .. } = error else { return None };
    let asked = retry_after.map(|wait| wait.min(LONGEST_REST));
    match *status {
        StatusCode::TOO_MANY_REQUESTS => Some(asked.unwrap_or(REST)),
        StatusCode::SERVICE_UNAVAILABLE => asked,
        _ => None,
    }
}

#[cfg(test)]
mod tests;
