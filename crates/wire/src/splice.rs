//! Rewrites the few fields of a body that the gateway has to rewrite, and leaves every other byte
//! as it came.

use bytes::{Bytes, BytesMut};

use crate::scan::{Head, Span, StreamOptions};

/// What to rewrite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edits<'a> {
    /// The model's name towards the model server; `None` keeps the client's.
    pub model: Option<&'a str>,
    /// Whether a stream must end with a usage chunk.
    pub usage: UsageChunk,
    /// Top-level fields to take out. `model` stays whatever this says.
    pub remove: &'a [&'a str],
}

/// What to do about `stream_options.include_usage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageChunk {
    /// Leave it to the client.
    #[default]
    AsAsked,
    /// Set it when `stream` is true; without a stream model servers refuse the field.
    InStreams,
}

/// The body with its edits. `head` must come from a scan of this very body. A body that needs no
/// edit comes back uncopied.
pub fn rewrite(body: &Bytes, head: &Head, edits: &Edits<'_>) -> Bytes {
    let mut changes = removals(head, edits.remove);
    if let Some(model) = edits.model.filter(|model| *model != head.model) {
        let span = head.field("model").map(|field| field.value.clone());
        changes.extend(span.map(|span| (span, quoted(model))));
    }
    if edits.usage == UsageChunk::InStreams && head.stream {
        changes.extend(usage_chunk(head));
    }
    if changes.is_empty() {
        return body.clone();
    }
    changes.sort_by_key(|(span, _)| (span.start, span.end));
    apply(body, &changes)
}

type Change = (Span, Vec<u8>);

fn apply(body: &[u8], changes: &[Change]) -> Bytes {
    let grown: usize = changes.iter().map(|(_, text)| text.len()).sum();
    let mut out = BytesMut::with_capacity(body.len() + grown);
    let mut at = 0;
    for (span, text) in changes {
        out.extend_from_slice(&body[at..span.start]);
        out.extend_from_slice(text);
        at = span.end;
    }
    out.extend_from_slice(&body[at..]);
    out.freeze()
}

/// Takes fields out together with one comma each: the one behind a field where another field
/// follows, otherwise the one before.
fn removals(head: &Head, names: &[&str]) -> Vec<Change> {
    let removed = |name: &str| name != "model" && names.contains(&name);
    let mut changes = Vec::new();
    // Where the text after the last kept value begins: what a removal at the very end takes away.
    let mut kept_end = None;
    let mut run_start = None;
    for field in &head.fields {
        if removed(&field.name) {
            run_start.get_or_insert(field.key);
            continue;
        }
        if let Some(start) = run_start.take() {
            changes.push((start..field.key, Vec::new()));
        }
        kept_end = Some(field.value.end);
    }
    if let (Some(start), Some(last)) = (run_start, head.fields.last()) {
        changes.push((kept_end.unwrap_or(start)..last.value.end, Vec::new()));
    }
    changes
}

fn usage_chunk(head: &Head) -> Option<Change> {
    let (span, text): (Span, &str) = match (&head.stream_options, head.field("stream_options")) {
        (StreamOptions::Absent, Some(field)) => (field.value.clone(), r#"{"include_usage":true}"#),
        (StreamOptions::Absent, None) => {
            let end = head.field("model")?.value.end;
            (end..end, r#","stream_options":{"include_usage":true}"#)
        }
        (StreamOptions::Present { include_usage: Some((true, _)), .. }, _) => return None,
        (StreamOptions::Present { include_usage: Some((false, span)), .. }, _) => {
            (span.clone(), "true")
        }
        (StreamOptions::Present { include_usage: None, empty }, field) => {
            let inside = field?.value.start + 1;
            let text = if *empty { r#""include_usage":true"# } else { r#""include_usage":true,"# };
            (inside..inside, text)
        }
    };
    Some((span, text.as_bytes().to_vec()))
}

/// A string in JSON.
pub(crate) fn quoted(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).unwrap_or_else(|_| unreachable!("a string is always valid JSON"))
}

#[cfg(test)]
mod tests;
