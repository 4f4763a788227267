use transom_core::event::Event;
use transom_core::transcript::Transcript;
use transom_core::upstream_error::UpstreamError;

use super::Decoder;
use crate::answer::MAX_TOOL_CALLS;
use crate::answer::sample::{folded, ids, listing};

mod faults;
mod property;
mod recorded;
mod shapes;
mod tools;

/// Decodes events up to the end of the body and folds them on the way: every stream the decoder
/// makes has to satisfy the transcript.
fn run<D: AsRef<[u8]>>(stream: &[D]) -> (Vec<Event>, Transcript, Result<(), UpstreamError>) {
    let mut decoder = Decoder::new(ids());
    let mut events = Vec::new();
    let result = stream
        .iter()
        .try_for_each(|data| decoder.feed(data.as_ref(), &mut events))
        .and_then(|()| decoder.finish(&mut events));
    let transcript = folded(&events);
    (events, transcript, result)
}

/// The events of a stream that ends well, one line for each run of like events.
fn told<D: AsRef<[u8]>>(stream: &[D]) -> String {
    let (events, _, result) = run(stream);
    assert_eq!(result, Ok(()));
    listing(&events, |text| format!("{text:?}"))
}

fn failure<D: AsRef<[u8]>>(stream: &[D]) -> UpstreamError {
    run(stream).2.expect_err("the stream is broken")
}

/// A chunk whose one choice has this inside.
fn chunk(choice: &str) -> String {
    format!(r#"{{"model":"m","choices":[{{"index":0,{choice}}}]}}"#)
}

fn delta(delta: &str) -> String {
    chunk(&format!(r#""delta":{{{delta}}},"finish_reason":null"#))
}

fn finish(word: &str) -> String {
    chunk(&format!(r#""delta":{{}},"finish_reason":"{word}""#))
}

fn call(fragments: &str) -> String {
    delta(&format!(r#""tool_calls":[{fragments}]"#))
}

const DONE: &str = "[DONE]";
const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
