use std::time::Duration;

use http::StatusCode;
use transom_core::failure::Failure;
use transom_core::upstream_error::{Report, Symptom, UpstreamError};

use super::PublicError;

#[test]
fn a_failed_response_keeps_to_openais_codes_and_names_ours() {
    let too_long = Report { symptom: Some(Symptom::ContextTooLong), ..Report::default() };
    let status = |status, report| {
        Failure::Upstream(UpstreamError::Status { status, report, retry_after: None })
    };
    let cases = [
        (status(StatusCode::BAD_REQUEST, too_long), "invalid_prompt", "context_length_exceeded"),
        (
            status(StatusCode::TOO_MANY_REQUESTS, Report::default()),
            "rate_limit_exceeded",
            "upstream_rate_limited",
        ),
        (
            UpstreamError::Stalled { limit: Duration::from_secs(1) }.into(),
            "server_error",
            "upstream_timeout",
        ),
    ];
    for (failure, code, own) in cases {
        let error = PublicError::of(&failure);
        assert_eq!(error.code, code);
        assert!(error.message.ends_with(&format!(" ({own})")), "{}", error.message);
    }
}
