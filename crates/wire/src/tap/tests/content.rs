//! When an answer has begun.

use bytes::Bytes;
use transom_testkit::recordings;

use super::super::*;

/// Whether a stream that begins with this chunk has content.
fn has_content(chunk: &str) -> bool {
    let mut tap = UsageTap::new(UsageChunk::Forward, 4096);
    tap.feed(Bytes::from(format!("data: {chunk}\n\n")), &mut Vec::new()).unwrap();
    tap.has_content()
}

#[test]
fn content_begins_when_the_model_has_said_something() {
    let choice = |inside: &str| format!(r#"{{"choices":[{{"index":7,{inside}}}]}}"#);
    for silent in [
        r#""delta":{"role":"assistant","content":""},"finish_reason":null,"logprobs":null"#,
        r#""delta":{"role":"assistant","content":null,"tool_calls":[]}"#,
        r#""delta":{},"logprobs":{"content":[]}"#,
        r#""delta":null"#,
        r#""text":"""#,
    ] {
        assert!(!has_content(&choice(silent)), "{silent}");
    }
    for said in [
        r#""delta":{"content":" "}"#,
        r#""delta":{"reasoning":"I"}"#,
        r#""delta":{"reasoning_content":"I"}"#,
        r#""delta":{"refusal":"no"}"#,
        r#""delta":{"tool_calls":[{"index":0}]}"#,
        r#""delta":{"function_call":{"name":"f"}}"#,
        r#""delta":{"audio":{"id":"a"}}"#,
        r#""delta":{},"finish_reason":"stop""#,
        r#""text":"x""#,
        r#""delta":{"something_new":1}"#,
        r#""something_new":[1]"#,
        r#""delta":"words""#,
    ] {
        assert!(has_content(&choice(said)), "{said}");
    }
    for unknown in ["{}", r#"{"choices":{}}"#, r#"{"choices":null}"#, r#"{"choices":["x"]}"#] {
        assert!(has_content(unknown), "{unknown}");
    }
    assert!(!has_content(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#));
}

#[test]
fn recorded_streams_have_content_from_their_second_chunk_on() {
    for name in ["chat_stream", "chat_tool_required_stream", "s_long_stream"] {
        let recording = recordings::vllm(name);
        let stream = recording.bytes();
        let mut tap = UsageTap::new(UsageChunk::Forward, 1 << 16);
        let events: Vec<_> = std::str::from_utf8(stream).unwrap().split_inclusive("\n\n").collect();
        let mut seen = Vec::new();
        for event in &events[..3] {
            tap.feed(Bytes::copy_from_slice(event.as_bytes()), &mut Vec::new()).unwrap();
            seen.push(tap.has_content());
        }
        assert_eq!(seen, [false, true, true], "{name}");
    }
}
