//! The part of a failure that the caller may read.
//!
//! Statuses and codes follow design decision 13. A model server's own words are passed on only
//! where they speak about the request (400, 404, 422, …): its other errors may quote prompts of
//! other callers, file names or keys.

use http::StatusCode;

use super::{Failure, Missing, blames_client};
use crate::port::store::StoreError;
use crate::upstream_error::{Report, UpstreamError};

/// A failure as a protocol renders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// The HTTP status.
    pub status: StatusCode,
    /// OpenAI's error `type`.
    pub kind: Kind,
    /// A stable word for programs.
    pub code: String,
    /// The field it is about.
    pub param: Option<String>,
    /// For people.
    pub message: String,
}

/// OpenAI's error types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong.
    InvalidRequest,
    /// The key is wrong.
    Authentication,
    /// Too many requests.
    RateLimit,
    /// The server is at fault.
    Server,
}

impl Kind {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "server_error",
        }
    }
}

/// The longest message, in bytes. Messages quote what the client or a model server wrote, and an
/// answer must not be as large as the request it refuses.
const MAX_MESSAGE: usize = 1024;

/// The longest path of a field, in bytes.
const MAX_PARAM: usize = 256;

pub(super) fn of(failure: &Failure) -> Public {
    let whole = unbounded(failure);
    Public {
        message: cut(whole.message, MAX_MESSAGE),
        param: whole.param.map(|param| cut(param, MAX_PARAM)),
        ..whole
    }
}

/// At most `limit` bytes of a text, with a sign where the rest was.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - '…'.len_utf8()));
        text.push('…');
    }
    text
}

fn unbounded(failure: &Failure) -> Public {
    match failure {
        Failure::Unauthenticated => Public {
            status: StatusCode::UNAUTHORIZED,
            kind: Kind::Authentication,
            code: "invalid_api_key".to_owned(),
            param: None,
            message: "No valid API key was given. Send it as `Authorization: Bearer …`.".to_owned(),
        },
        Failure::Invalid(invalid) => Public {
            param: invalid.param.clone(),
            ..client(StatusCode::BAD_REQUEST, invalid.code, invalid.message.clone())
        },
        Failure::NotFound(missing) => not_found(missing),
        Failure::InProgress(id) => Public {
            param: Some("previous_response_id".to_owned()),
            ..client(
                StatusCode::CONFLICT,
                "response_in_progress",
                format!("Response '{id}' is still in progress."),
            )
        },
        Failure::MethodNotAllowed => client(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This route does not know this method.".to_owned(),
        ),
        Failure::BodyTooLarge { limit } => client(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("The request body is larger than the limit of {limit} bytes."),
        ),
        Failure::UnsupportedMediaType(what) => {
            client(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", (*what).to_owned())
        }
        Failure::BodyTimeout => client(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "The request body did not arrive in time.".to_owned(),
        ),
        Failure::Overloaded { .. } => Public {
            kind: Kind::RateLimit,
            ..client(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "Too many requests are in flight. Try again later.".to_owned(),
            )
        },
        Failure::NotReady { state, .. } => server(
            StatusCode::SERVICE_UNAVAILABLE,
            if *state == "loading" { "model_loading" } else { "model_unavailable" },
            &format!("The model is not ready ({state}). Try again later."),
        ),
        Failure::Upstream(error) => upstream(error),
        Failure::Store(StoreError::Unavailable(_)) => server(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_unavailable",
            "The store is not available. Try again later.",
        ),
        Failure::Store(StoreError::Damaged(_)) => server(
            StatusCode::INTERNAL_SERVER_ERROR,
            "stored_data_damaged",
            "The stored data cannot be read.",
        ),
        Failure::ShuttingDown => server(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_shutdown",
            "The gateway is shutting down.",
        ),
        Failure::Cancelled => client(
            // Nobody reads this answer; the status is the one that logs and metrics show
            // (nginx's "client closed request").
            StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            "cancelled",
            "The client left.".to_owned(),
        ),
        Failure::Store(StoreError::Duplicate) | Failure::Internal(_) => server(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "The gateway failed. The request id helps its operators to find out why.",
        ),
    }
}

fn not_found(missing: &Missing) -> Public {
    let (code, param, message) = match missing {
        Missing::Response(id) => {
            ("response_not_found", Some("response_id"), format!("No response with id '{id}'."))
        }
        Missing::Model(id) => {
            ("model_not_found", Some("model"), format!("The model '{id}' does not exist."))
        }
        Missing::Route => ("route_not_found", None, "There is no such route.".to_owned()),
    };
    Public { param: param.map(str::to_owned), ..client(StatusCode::NOT_FOUND, code, message) }
}

fn upstream(error: &UpstreamError) -> Public {
    match error {
        UpstreamError::Connect { .. }
        | UpstreamError::ConnectTimeout { .. }
        | UpstreamError::Tls { .. } => server(
            StatusCode::SERVICE_UNAVAILABLE,
            "upstream_unavailable",
            "The model server cannot be reached.",
        ),
        UpstreamError::FirstByteTimeout { .. }
        | UpstreamError::Stalled { .. }
        | UpstreamError::TotalTimeout { .. } => server(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            "The model server did not answer in time.",
        ),
        UpstreamError::Truncated { .. } => server(
            StatusCode::BAD_GATEWAY,
            "upstream_disconnected",
            "The model server's answer ended early.",
        ),
        UpstreamError::Protocol { .. } | UpstreamError::TooLarge { .. } => server(
            StatusCode::BAD_GATEWAY,
            "bad_upstream_response",
            "The model server's answer was not understood.",
        ),
        UpstreamError::Status { status, report, .. } => status_reply(*status, report),
        UpstreamError::Reported(report) => reported(report),
    }
}

fn status_reply(status: StatusCode, report: &Report) -> Public {
    if status == StatusCode::NOT_FOUND && report.param.as_deref() == Some("model") {
        return Public {
            param: report.param.clone(),
            ..client(status, "model_not_found", report.message.clone())
        };
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let message = "The model server has too many requests. Try again later.".to_owned();
        return Public {
            kind: Kind::RateLimit,
            ..client(status, "upstream_rate_limited", message)
        };
    }
    if blames_client(status) {
        return Public {
            param: report.param.clone(),
            ..client(status, client_code(report), report.message.clone())
        };
    }
    match status.as_u16() {
        401 | 403 => server(
            StatusCode::BAD_GATEWAY,
            "upstream_authentication",
            "The model server refuses the gateway's key.",
        ),
        503 => server(status, "upstream_unavailable", "The model server is not available."),
        504 => server(status, "upstream_timeout", "The model server did not answer in time."),
        500..=599 => server(StatusCode::BAD_GATEWAY, "upstream_error", "The model server failed."),
        _ => server(
            StatusCode::BAD_GATEWAY,
            "bad_upstream_response",
            "The model server's answer was not understood.",
        ),
    }
}

/// An error that the server put into its stream: the status line is gone, so its code decides
/// whether its words are meant for the caller.
fn reported(report: &Report) -> Public {
    let status = report.code.as_deref().and_then(|code| code.parse().ok());
    match status.and_then(|code: u16| StatusCode::from_u16(code).ok()) {
        Some(status) if status.is_client_error() || status.is_server_error() => {
            status_reply(status, report)
        }
        _ => server(StatusCode::BAD_GATEWAY, "upstream_error", "The model server failed."),
    }
}

/// vLLM says in prose what OpenAI says in a code: its too-long message is the one that programs
/// act on.
fn client_code(report: &Report) -> &'static str {
    let message = report.message.as_str();
    let too_long = message.contains("maximum context length")
        || message.contains("exceeds the available context size");
    if too_long { "context_length_exceeded" } else { "upstream_rejected" }
}

fn client(status: StatusCode, code: &str, message: String) -> Public {
    Public { status, kind: Kind::InvalidRequest, code: code.to_owned(), param: None, message }
}

fn server(status: StatusCode, code: &str, message: &str) -> Public {
    Public {
        status,
        kind: Kind::Server,
        code: code.to_owned(),
        param: None,
        message: message.to_owned(),
    }
}
