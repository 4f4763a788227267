//! The pieces that model servers' streams are made of.

/// The beginning of every chunk here.
const OPENING: &str = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"tiny","#;

pub(crate) const DONE: &str = "[DONE]";

/// The JSON of a chunk with these choices (and whatever follows them).
pub(crate) fn chunk(choices: &str) -> String {
    format!(r#"{OPENING}"choices":{choices}}}"#)
}

/// A chunk with a piece of text.
pub(crate) fn piece(text: &str) -> String {
    chunk(&format!(r#"[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}]"#))
}

/// A chunk that ends the answer.
pub(crate) fn finish(reason: &str) -> String {
    chunk(&format!(r#"[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]"#))
}

/// A chunk with nothing but usage.
pub(crate) fn usage(usage: &str) -> String {
    chunk(&format!(r#"[],"usage":{usage}"#))
}

/// An event stream of these data.
pub(crate) fn stream<S: AsRef<str>>(data: impl IntoIterator<Item = S>) -> String {
    let events = data.into_iter().map(|data| format!("data: {}\n\n", data.as_ref()));
    events.collect::<Vec<_>>().concat()
}
