//! Reads model servers' answers whole, within bounds.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use std::time::Duration;
use transom_core::port::upstream::{UpstreamBody, UpstreamReply};
use transom_core::upstream_error::UpstreamError;
use transom_wire::error::status_report;

/// The largest whole answer: a batch of embeddings is the largest there is.
pub(crate) const MAX_ANSWER: usize = 64 << 20;

/// As much of an error's body is read as a message can need.
const MAX_ERROR: usize = 64 << 10;

/// No server is believed to need more time than this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

/// Reads a body to its end.
pub(crate) async fn collect(mut body: UpstreamBody, limit: usize) -> Result<Bytes, UpstreamError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(UpstreamError::TooLarge { limit });
        }
        // A short answer comes in one piece: it is not copied.
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// Lets a good status pass and reads what a bad one says.
pub(crate) async fn check_status(reply: UpstreamReply) -> Result<UpstreamReply, UpstreamError> {
    if reply.status == StatusCode::OK {
        return Ok(reply);
    }
    let retry_after = retry_after(&reply.headers);
    let mut report = status_report(reply.status, &beginning(reply.body, MAX_ERROR).await);
    if report.message.is_empty() {
        report.message = format!("The model server answered with status {}.", reply.status);
    }
    Err(UpstreamError::Status { status: reply.status, report, retry_after })
}

/// As much of a body as fits and arrives: what is missing takes nothing from what the status says.
async fn beginning(mut body: UpstreamBody, limit: usize) -> Bytes {
    let mut read = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        let room = limit.saturating_sub(read.len()).min(data.len());
        read.extend_from_slice(&data[..room]);
        if read.len() == limit {
            break;
        }
    }
    read.freeze()
}

/// Whether the answer is of the media type that was asked for. A proxy's HTML page with status 200
/// is not an answer.
pub(crate) fn check_type(headers: &HeaderMap, expected: &str) -> Result<(), UpstreamError> {
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let detail = format!("expected {expected}, got content type {found:?}");
    Err(UpstreamError::Protocol { detail })
}

/// Seconds, or a date: that counts from the answer's own date, so that no clock has to be right.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    let wait = match asked.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(asked, text(DATE)?)?,
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

fn until(then: &str, now: &str) -> Option<Duration> {
    let date = |text| httpdate::parse_http_date(text).ok();
    Some(date(then)?.duration_since(date(now)?).unwrap_or_default())
}
