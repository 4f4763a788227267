//! The model's name that clients read.

use bytes::Bytes;
use transom_testkit::recordings;

use super::super::*;
use super::recorded;

#[test]
fn a_whole_answer_shows_the_name_that_was_asked_for() {
    let shown = ShownModel::new("my \"chat\"");
    for recording in [recordings::vllm("chat"), recorded("llama-server/rerank")] {
        let answer = read_body(recording.bytes(), Some(&shown)).unwrap();
        let before = std::str::from_utf8(recording.bytes()).unwrap();
        let after = before.replacen(r#""model":"tiny""#, r#""model":"my \"chat\"""#, 1);
        assert_ne!(before, after);
        assert_eq!(answer.body, after);
        let same = read_body(recording.bytes(), Some(&ShownModel::new("tiny"))).unwrap();
        assert_eq!(same.body.as_ptr(), recording.bytes().as_ptr());
    }
    for body in [r#"{"data":[{"model":"inner"}]}"#, r#"{"model":null}"#, r#"{"model":["x"]}"#] {
        let body = Bytes::from(body);
        assert_eq!(read_body(&body, Some(&shown)).unwrap().body, body);
    }
}

#[test]
fn a_stream_shows_the_name_that_was_asked_for_and_is_otherwise_untouched() {
    let mut streams = 0;
    for name in recordings::vllm_names() {
        let recording = recordings::vllm(&name);
        let path = recording.request.path.as_str();
        let tapped = matches!(path, "/v1/chat/completions" | "/v1/completions");
        if !tapped || !matches!(recording.answer, recordings::Recorded::Stream(_)) {
            continue;
        }
        streams += 1;
        let before = String::from_utf8(recording.bytes().to_vec()).unwrap();
        for size in [1, 100, before.len()] {
            let tap = UsageTap::new(UsageChunk::Forward, 1 << 16);
            let forwarded = show(tap, before.as_bytes(), size);
            assert_eq!(forwarded, before.replace(r#""model":"tiny""#, r#""model":"alias""#));
            assert!(forwarded.contains("alias") && !forwarded.contains("tiny"), "{name}");
        }
    }
    assert!(streams >= 8, "only {streams} recorded streams");
}

fn show(tap: UsageTap, stream: &[u8], size: usize) -> String {
    let mut tap = tap.showing(ShownModel::new("alias"));
    let mut out = Vec::new();
    for chunk in stream.chunks(size) {
        tap.feed(Bytes::copy_from_slice(chunk), &mut out).unwrap();
    }
    String::from_utf8(out.concat()).unwrap()
}

#[test]
fn names_are_found_in_events_of_any_form() {
    let chunk = r#"{"choices":[{"model":"in"}],"model":"up"}"#;
    let shown = r#"{"choices":[{"model":"in"}],"model":"alias"}"#;
    for (event, expected) in [
        (format!("data:  {chunk} \n\n"), format!("data:  {shown} \n\n")),
        (format!("id: 1\r\ndata:{chunk}\r\n\r\n"), format!("id: 1\r\ndata:{shown}\r\n\r\n")),
        (
            "event: e\ndata: {\"model\":\ndata: \"up\"}\n\n".to_owned(),
            "event: e\ndata: {\"model\":\ndata: \"alias\"}\n\n".to_owned(),
        ),
    ] {
        let tap = UsageTap::new(UsageChunk::Forward, 4096);
        assert_eq!(show(tap, event.as_bytes(), 3), expected);
    }
    let right = Bytes::from_static(b"data: {\"model\":\"alias\",\"choices\":[]}\n\n");
    let mut out = Vec::new();
    let tap = UsageTap::new(UsageChunk::Forward, 4096);
    tap.showing(ShownModel::new("alias")).feed(right.clone(), &mut out).unwrap();
    assert_eq!(out[0].as_ptr(), right.as_ptr(), "a name that is right already costs nothing");
}
