use std::fmt::Write as _;

use transom_core::event::Event;
use transom_core::request::{Generation, OutputFormat, Sampling};
use transom_core::tool::{FunctionTool, OwnTool, Tool, ToolChoice};
use transom_core::transcript::Transcript;
use transom_core::upstream_error::UpstreamError;

use super::Decoder;
use crate::answer::sample::{folded, ids, listing};

mod faults;
mod property;
mod recorded;
mod shapes;

/// A generation with one function, `f`.
fn generation(tool_choice: ToolChoice) -> Generation {
    let function = FunctionTool {
        name: "f".to_owned(),
        description: None,
        parameters: None,
        strict: None,
        defer_loading: None,
    };
    Generation {
        model: "m".to_owned(),
        instructions: None,
        input: Vec::new(),
        tools: vec![Tool::Own(OwnTool::Function(function))],
        tool_choice,
        parallel_tool_calls: None,
        sampling: Sampling::default(),
        output_format: OutputFormat::Text,
        verbosity: None,
        reasoning_effort: None,
        max_output_tokens: Some(4),
        extra: Vec::new(),
    }
}

/// Decodes events up to the end of the body and folds them on the way: every stream the decoder
/// makes has to satisfy the transcript.
fn run_with<D: AsRef<[u8]>>(
    mut decoder: Decoder,
    stream: &[D],
) -> (Vec<Event>, Transcript, Result<(), UpstreamError>) {
    let mut events = Vec::new();
    let result = stream
        .iter()
        .try_for_each(|data| decoder.feed(data.as_ref(), &mut events))
        .and_then(|()| decoder.finish());
    let transcript = folded(&events);
    (events, transcript, result)
}

fn run<D: AsRef<[u8]>>(stream: &[D]) -> (Vec<Event>, Transcript, Result<(), UpstreamError>) {
    run_with(Decoder::new(ids()).answering(&generation(ToolChoice::Auto)), stream)
}

/// The events of a stream that ends well, one line for each run of like events.
fn told<D: AsRef<[u8]>>(stream: &[D]) -> String {
    let (events, _, result) = run(stream);
    assert_eq!(result, Ok(()));
    listing(&events, |text| format!("{text:?}"))
}

/// The same where a call is demanded.
fn told_demanded<D: AsRef<[u8]>>(stream: &[D]) -> String {
    let decoder = Decoder::new(ids()).answering(&generation(ToolChoice::Required));
    let (events, _, result) = run_with(decoder, stream);
    assert_eq!(result, Ok(()));
    listing(&events, |text| format!("{text:?}"))
}

fn failure<D: AsRef<[u8]>>(stream: &[D]) -> UpstreamError {
    run(stream).2.expect_err("the stream is broken")
}

const CREATED: &str =
    r#"{"type":"response.created","response":{"model":"m","status":"in_progress"}}"#;

/// An event about the item at `index` with these fields.
fn about(index: u32, kind: &str, fields: &str) -> String {
    format!(r#"{{"type":"response.{kind}","output_index":{index},"item_id":"i{index}",{fields}}}"#)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn added(index: u32, item: &str) -> String {
    about(index, "output_item.added", &format!(r#""item":{{"id":"i{index}",{item}}}"#))
}

fn done(index: u32, item: &str) -> String {
    about(index, "output_item.done", &format!(r#""item":{{"id":"i{index}",{item}}}"#))
}

const MESSAGE: &str = r#""type":"message","role":"assistant","status":"in_progress","content":[]"#;
const REASONING: &str = r#""type":"reasoning","summary":[],"content":null"#;

fn call(index: u32, call_id: &str, name: &str) -> String {
    let fields = r#""type":"function_call","arguments":"","status":"in_progress""#;
    added(index, &format!(r#"{fields},"call_id":"{call_id}","name":"{name}""#))
}

fn delta(index: u32, of: &str, piece: &str) -> String {
    about(index, &format!("{of}.delta"), &format!(r#""delta":{}"#, quoted(piece)))
}

fn text(index: u32, piece: &str) -> String {
    delta(index, "output_text", piece)
}

/// The last event, as vLLM writes it.
fn completed(response: &str) -> String {
    format!(
        r#"{{"type":"response.completed","response":{{"incomplete_details":null,{response}}}}}"#
    )
}

fn whole() -> String {
    completed(r#""status":"completed","output":[],"usage":{"input_tokens":3,"output_tokens":2}"#)
}

fn cut(reason: &str) -> String {
    format!(
        r#"{{"type":"response.completed","response":{{"status":"incomplete","incomplete_details":{{"reason":"{reason}"}}}}}}"#
    )
}
