//! What a request says in headers beside its body.

use http::HeaderMap;
use transom_core::failure::Failure;
use transom_core::id::RequestId;
use transom_core::port::once::{IdempotencyKey, MAX_KEY};
use transom_engine::call::{Hints, Once, Priority};
use transom_engine::settings::Access;

use crate::caller::REQUEST_ID;

/// Headers that name the conversation; the first one that is there counts. Codex sends `session-id`,
/// earlier versions of it `session_id`.
const SESSION: [&str; 3] = ["session-id", "session_id", "x-session-id"];

/// The longest name of a conversation, in bytes. A longer one is not taken for one: it is only a
/// hint, and no reason to refuse a request.
const MAX_SESSION: usize = 256;

/// The header that says who waits shorter.
const PRIORITY: &str = "x-transom-priority";

/// The header that makes a request one that is answered once.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Reads the key of a request that makes something, if it has one. The outermost layer has seen to it
/// that the request has an id.
pub(crate) fn once(headers: &HeaderMap) -> Result<Option<Once>, Failure> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Ok(None) };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse).filter(|_| second.is_none());
    let Some(key) = key else {
        let message = format!(
            "The header `{IDEMPOTENCY_KEY}` must be there once, with 1 to {MAX_KEY} characters of \
             visible ASCII."
        );
        return Err(Failure::invalid(IDEMPOTENCY_KEY, "invalid_value", message));
    };
    let id = headers.get(REQUEST_ID).and_then(|id| RequestId::from_client(id.to_str().ok()?));
    let request = id.ok_or_else(|| Failure::Internal("a request without an id".into()))?;
    Ok(Some(Once { key, request }))
}

/// Refuses a key where many requests come.
pub(crate) fn refuse_once(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        let message = "A key belongs to one request, and a WebSocket carries many.".to_owned();
        return Err(Failure::invalid(IDEMPOTENCY_KEY, "unsupported_parameter", message));
    }
    Ok(())
}

/// Reads the hints of a request.
///
/// `high` counts only where callers have to show a key. Without one anybody could jump the queue,
/// so it means `normal` there, and the same client works in both places.
pub(crate) fn read(headers: &HeaderMap, access: &Access) -> Result<Hints, Failure> {
    Ok(Hints { session: session(headers), priority: priority(headers, access)? })
}

fn session(headers: &HeaderMap) -> Option<String> {
    SESSION
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .map(str::trim)
        .find(|name| !name.is_empty() && name.len() <= MAX_SESSION)
        .map(str::to_owned)
}

fn priority(headers: &HeaderMap, access: &Access) -> Result<Priority, Failure> {
    let mut values = headers.get_all(PRIORITY).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Ok(Priority::Normal) };
    match (value.as_bytes(), access, second) {
        (b"high", Access::Key(_), None) => Ok(Priority::High),
        (b"high", Access::Local | Access::Open, None) | (b"normal", _, None) => {
            Ok(Priority::Normal)
        }
        (b"low", _, None) => Ok(Priority::Low),
        _ => {
            let message = format!("The header `{PRIORITY}` must be `high`, `normal` or `low`.");
            Err(Failure::invalid(PRIORITY, "invalid_value", message))
        }
    }
}

#[cfg(test)]
mod tests;
