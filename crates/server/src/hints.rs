//! What a request says in headers beside its body.

use http::HeaderMap;
use transom_core::failure::Failure;
use transom_engine::call::{Hints, Priority};
use transom_engine::settings::Access;

/// Headers that name the conversation; the first one that is there counts. Codex sends `session-id`,
/// earlier versions of it `session_id`.
const SESSION: [&str; 3] = ["session-id", "session_id", "x-session-id"];

/// The longest name of a conversation, in bytes. A longer one is not taken for one: it is only a
/// hint, and no reason to refuse a request.
const MAX_SESSION: usize = 256;

/// The header that says who waits shorter.
const PRIORITY: &str = "x-transom-priority";

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
