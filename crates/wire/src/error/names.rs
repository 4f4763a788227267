//! Keeps model servers' names for their models out of what clients read.

use transom_core::upstream_error::Report;

/// What vLLM says after an unknown model: all the names it serves.
const SERVED: &str = "Valid aliases:";

/// Puts the name that the client asked for in the place of the model server's own, wherever that
/// stands as a whole word, and leaves out a list of everything that the server serves.
pub fn show_model(report: &mut Report, upstream: &str, shown: &str) {
    if let Some(at) = report.message.find(SERVED) {
        let kept = report.message[..at].trim_end().len();
        report.message.truncate(kept);
    }
    if upstream.is_empty() || upstream == shown || !report.message.contains(upstream) {
        return;
    }
    let mut message = String::with_capacity(report.message.len());
    let mut rest = report.message.as_str();
    let mut before = None;
    while let Some(at) = rest.find(upstream) {
        let end = at + upstream.len();
        let left = rest[..at].chars().rev().chain(before).take(2);
        let whole = !continues(left) && !continues(rest[end..].chars().take(2));
        message.push_str(&rest[..at]);
        message.push_str(if whole { shown } else { upstream });
        before = upstream.chars().next_back();
        rest = &rest[end..];
    }
    message.push_str(rest);
    report.message = message;
}

/// Whether a name goes on with these characters, which lead away from it. A full stop or a colon
/// belongs to a name only when something follows it.
fn continues(mut away: impl Iterator<Item = char>) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    match away.next() {
        Some('.' | ':') => away.next().is_some_and(in_word),
        Some(c) => in_word(c),
        None => false,
    }
}
