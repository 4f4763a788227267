use std::path::Path;

use bytes::Bytes;
use transom_core::upstream_error::Report;
use transom_testkit::recordings;

use super::*;

mod content;
mod names;

struct Outcome {
    forwarded: String,
    end: Result<Tail, UpstreamError>,
    usage: Option<Usage>,
    unusable: u32,
}

/// Runs a stream through a tap in chunks of `size` bytes.
fn run(stream: &[u8], usage_chunk: UsageChunk, size: usize) -> Outcome {
    let mut tap = UsageTap::new(usage_chunk, 4096);
    let mut out = Vec::new();
    let fed =
        stream.chunks(size).try_for_each(|chunk| tap.feed(Bytes::copy_from_slice(chunk), &mut out));
    Outcome {
        forwarded: String::from_utf8(out.concat()).unwrap(),
        end: fed.and_then(|()| tap.finish()),
        usage: tap.usage(),
        unusable: tap.unusable_usage(),
    }
}

fn forward(stream: &str) -> Outcome {
    run(stream.as_bytes(), UsageChunk::Forward, 7)
}

const TEXT: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\"},\"finish_reason\":null}]}\n\n";
const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[test]
fn recorded_streams_pass_unchanged_however_they_are_cut() {
    let mut streams = 0;
    for name in recordings::vllm_names() {
        let recording = recordings::vllm(&name);
        let path = recording.request.path.as_str();
        let tapped = matches!(path, "/v1/chat/completions" | "/v1/completions");
        let streamed = recording.header("content-type").is_some_and(|t| t.contains("event-stream"));
        if !(tapped && streamed && recording.status == 200) {
            continue;
        }
        streams += 1;
        let bytes = recording.bytes();
        for size in [1, 13, 500, bytes.len()] {
            let outcome = run(bytes, UsageChunk::Forward, size);
            assert_eq!(outcome.end, Ok(Tail::Done), "{name}");
            assert_eq!(outcome.forwarded.as_bytes(), &bytes[..], "{name}");
            let reported = memchr::memmem::find(bytes, b"\"usage\":{").is_some();
            assert_eq!(outcome.usage.is_some(), reported, "{name}");
        }
    }
    assert!(streams >= 8, "only {streams} recorded streams");
}

#[test]
fn the_usage_chunk_nobody_asked_for_is_hidden_and_counted() {
    let stream = [TEXT, STOP, USAGE, DONE].concat();
    let outcome = run(stream.as_bytes(), UsageChunk::Hide, stream.len());
    assert_eq!(outcome.forwarded, [TEXT, STOP, DONE].concat());
    assert_eq!(outcome.usage, Some(Usage { input: 3, output: 2, ..Usage::default() }));
    let asked = run(stream.as_bytes(), UsageChunk::Forward, 5);
    assert_eq!(asked.forwarded, stream);
}

#[test]
fn usage_that_cannot_be_true_is_no_usage() {
    for usage in [
        r#"{"prompt_tokens":-1,"completion_tokens":2}"#,
        r#"{"prompt_tokens":1,"completion_tokens":1e300}"#,
        r#"{"prompt_tokens":99999999999999999999,"completion_tokens":1}"#,
        r#"{"prompt_tokens":"3","completion_tokens":{}}"#,
        "{}",
        "7",
    ] {
        let chunk = format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n");
        let outcome = forward(&[TEXT, STOP, &chunk, DONE].concat());
        assert_eq!((outcome.usage, outcome.unusable), (None, 1), "{usage}");
        assert_eq!(outcome.end, Ok(Tail::Done), "{usage}");
    }
    let nothing = forward(&[TEXT, STOP, DONE].concat());
    assert_eq!((nothing.usage, nothing.unusable), (None, 0));
}

#[test]
fn the_end_is_judged_by_what_the_model_said() {
    let other = STOP.replace("\"index\":0", "\"index\":1");
    let appended = Ok(Tail::Append(Bytes::from_static(sse::DONE)));
    let truncated = |outcome: Outcome| matches!(outcome.end, Err(UpstreamError::Truncated { .. }));
    assert_eq!(forward(&[TEXT, STOP].concat()).end, appended);
    assert_eq!(forward(&[TEXT, STOP, USAGE].concat()).end, appended);
    assert_eq!(forward(&[TEXT, STOP, "data: [DONE]\n"].concat()).end, appended);
    assert!(truncated(forward(TEXT)));
    assert!(truncated(forward(&[TEXT, &other].concat())), "one of two choices was cut");
    assert!(truncated(forward(&[TEXT, "data: {\"choi"].concat())));
    assert!(truncated(forward(&[TEXT, DONE].concat())), "[DONE] does not make up for a stop");
    assert!(truncated(forward(&[USAGE, DONE].concat())));
    assert!(truncated(forward(": hello\n\n")));
    assert!(truncated(forward("")));
    assert!(truncated(forward("<html>\n\n</html>")));
}

#[test]
fn what_follows_done_is_ignored() {
    for size in [1, 1000] {
        let stream = [TEXT, STOP, DONE, DONE, TEXT, "data: not json\n\n"].concat();
        let outcome = run(stream.as_bytes(), UsageChunk::Forward, size);
        assert_eq!(outcome.forwarded, [TEXT, STOP, DONE].concat());
        assert_eq!(outcome.end, Ok(Tail::Done));
    }
}

#[test]
fn a_stop_said_twice_or_out_of_order_still_ends_once() {
    let far = STOP.replace("\"index\":0", "\"index\":4000000000");
    for stream in [
        [STOP, STOP, DONE].concat(),
        [STOP, TEXT, DONE].concat(),
        [&far, TEXT, STOP, DONE].concat(),
    ] {
        let outcome = forward(&stream);
        assert_eq!((outcome.end, outcome.forwarded), (Ok(Tail::Done), stream));
    }
}

#[test]
fn broken_events_end_the_stream_and_are_not_shown() {
    for broken in [
        "data: {\"choices\":\n\n",
        "data: secret words\n\n",
        "data: [1]\n\n",
        "data: 5\n\n",
        "data: {}{}\n\n",
    ] {
        let outcome = forward(&[TEXT, broken, DONE].concat());
        let Err(UpstreamError::Protocol { detail }) = outcome.end else { panic!("{broken}") };
        assert!(!detail.contains("secret"), "{detail}");
        assert_eq!(outcome.forwarded, TEXT);
    }
    let invalid = [b"data: {\"a\":\"".as_slice(), b"\xff", b"\"}\n\n"].concat();
    let outcome = run(&invalid, UsageChunk::Forward, 3);
    assert!(matches!(outcome.end, Err(UpstreamError::Protocol { .. })));
    let outcome = forward(&"x".repeat(10_000));
    assert_eq!(outcome.end, Err(UpstreamError::TooLarge { limit: 4096 }));
}

#[test]
fn an_error_in_the_stream_is_reported_and_held_back() {
    let report = Report {
        message: "engine died".to_owned(),
        kind: Some("InternalServerError".into()),
        code: Some("500".into()),
        ..Report::default()
    };
    let body = r#""message":"engine died","type":"InternalServerError","param":null,"code":500}"#;
    for event in [
        format!("data: {{\"error\":{{{body}}}\n\n"),
        format!("data: {{\"object\":\"error\",{body}\n\n"),
        format!("event: error\ndata: {{{body}\n\n"),
    ] {
        let outcome = forward(&[TEXT, &event, DONE].concat());
        assert_eq!(outcome.end, Err(UpstreamError::Reported(report.clone())), "{event}");
        assert_eq!(outcome.forwarded, TEXT);
    }
    let none = TEXT.replace("{\"ch", "{\"error\":null,\"ch");
    assert!(forward(&[&none, STOP, DONE].concat()).end.is_ok());
}

/// Recorded answers that only this crate needs.
fn recorded(name: &str) -> recordings::Recording {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    recordings::read(&folder.join(name).with_extension("json")).unwrap()
}

#[test]
fn whole_answers_are_checked_and_counted_too() {
    let chat = recordings::vllm("chat");
    let Answer { body, usage } = read_body(chat.bytes(), None).unwrap();
    assert_eq!(body.as_ptr(), chat.bytes().as_ptr(), "nothing was to be changed");
    let usage = usage.unwrap();
    assert!(usage.input > 0 && usage.output > 0 && usage.reasoning <= usage.output, "{usage:?}");
    let rerank = read_body(recorded("llama-server/rerank").bytes(), None).unwrap();
    assert_eq!(rerank.usage, Some(Usage { input: 4, ..Usage::default() }));
    for body in ["", "<html></html>", "[]", "{\"a\":", "null"] {
        let answer = read_body(&Bytes::from(body), None);
        assert!(matches!(answer, Err(UpstreamError::Protocol { .. })), "{body}");
    }
    let error = read_body(&Bytes::from_static(br#"{"error":{"message":"no"}}"#), None);
    assert!(matches!(error, Err(UpstreamError::Reported(report)) if report.message == "no"));
}
