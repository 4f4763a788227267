//! What the caller may read of a model server's failure.
//!
//! A server's own words are passed on only where they speak about the request (400, 404, 422, …):
//! its other errors may quote prompts of other callers, file names or keys.

use http::StatusCode;

use super::{Public, client, limited, server};
use crate::failure::{blames_client, is_refusal};
use crate::upstream_error::{Report, Symptom, UpstreamError};

pub(super) fn of(error: &UpstreamError) -> Public {
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
        UpstreamError::Protocol { .. } | UpstreamError::TooLarge { .. } => not_understood(),
        UpstreamError::Status { status, report, .. } => status_reply(*status, report),
        UpstreamError::Reported(report) => reported(report),
    }
}

fn status_reply(status: StatusCode, report: &Report) -> Public {
    if let Some(symptom) = report.symptom {
        return symptom_reply(symptom, status, report);
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let message = "The model server has too many requests. Try again later.";
        return limited("upstream_rate_limited", message);
    }
    if blames_client(status) {
        let unknown_model =
            status == StatusCode::NOT_FOUND && report.param.as_deref() == Some("model");
        let code = if unknown_model { "model_not_found" } else { "upstream_rejected" };
        return quoted(status, code, report);
    }
    match status.as_u16() {
        501 if is_refusal(status, report) => {
            quoted(StatusCode::BAD_REQUEST, "upstream_rejected", report)
        }
        401 | 403 => server(
            StatusCode::BAD_GATEWAY,
            "upstream_authentication",
            "The model server refuses the gateway's key.",
        ),
        503 => server(status, "upstream_unavailable", "The model server is not available."),
        504 => server(status, "upstream_timeout", "The model server did not answer in time."),
        500..=599 => failed("upstream_error", "The model server failed."),
        _ => not_understood(),
    }
}

fn symptom_reply(symptom: Symptom, status: StatusCode, report: &Report) -> Public {
    let unavailable =
        |code: &str, message: &str| server(StatusCode::SERVICE_UNAVAILABLE, code, message);
    match symptom {
        Symptom::ContextTooLong => {
            quoted(StatusCode::BAD_REQUEST, "context_length_exceeded", report)
        }
        Symptom::ContentPolicy => {
            quoted(StatusCode::BAD_REQUEST, "content_policy_violation", report)
        }
        Symptom::Template if blames_client(status) => {
            quoted(StatusCode::BAD_REQUEST, "chat_template_error", report)
        }
        Symptom::Template => failed(
            "chat_template_error",
            "The model server's prompt template failed. Its operators can see why.",
        ),
        Symptom::ToolParser if blames_client(status) => {
            quoted(StatusCode::BAD_REQUEST, "tool_parser_error", report)
        }
        Symptom::ToolParser => failed(
            "tool_parser_error",
            "The model server cannot handle these tools or could not read the model's calls.",
        ),
        Symptom::Loading => unavailable("model_loading", "The model is loading. Try again later."),
        Symptom::Overloaded => unavailable(
            "upstream_overloaded",
            "The model server has more requests than it can take. Try again later.",
        ),
        Symptom::OutOfMemory => unavailable(
            "upstream_out_of_memory",
            "The model server has no room left for this request. Try again later.",
        ),
        Symptom::EngineDead => {
            unavailable("upstream_engine_dead", "The model server's engine has died.")
        }
    }
}

/// An error that the server put into its stream: the status line is gone, so its code decides
/// whether its words are meant for the caller.
fn reported(report: &Report) -> Public {
    let status = report.code.as_deref().and_then(|code| code.parse().ok());
    match (status.and_then(|code: u16| StatusCode::from_u16(code).ok()), report.symptom) {
        (Some(status), _) if status.is_client_error() || status.is_server_error() => {
            status_reply(status, report)
        }
        (_, Some(symptom)) => symptom_reply(symptom, StatusCode::BAD_GATEWAY, report),
        _ => failed("upstream_error", "The model server failed."),
    }
}

/// The server's own words.
fn quoted(status: StatusCode, code: &str, report: &Report) -> Public {
    Public { param: report.param.clone(), ..client(status, code, report.message.clone()) }
}

fn failed(code: &str, message: &str) -> Public {
    server(StatusCode::BAD_GATEWAY, code, message)
}

fn not_understood() -> Public {
    failed("bad_upstream_response", "The model server's answer was not understood.")
}
