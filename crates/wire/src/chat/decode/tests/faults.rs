//! Answers that are broken, and what is said about them.

use transom_core::upstream_error::{Report, UpstreamError};

use super::{DONE, MAX_TOOL_CALLS, call, delta, failure, finish, run};

fn is_protocol<D: AsRef<[u8]>>(stream: &[D]) -> bool {
    matches!(failure(stream), UpstreamError::Protocol { .. })
}

#[test]
fn an_end_without_a_reason_is_never_an_answer() {
    let text = delta(r#""content":"half an ans""#);
    let done = DONE.to_owned();
    for stream in [&[][..], &[&text][..], &[&text, &done][..], &[&done][..]] {
        assert!(matches!(failure(stream), UpstreamError::Truncated { .. }), "{stream:?}");
    }
}

#[test]
fn an_error_in_the_stream_is_reported_in_the_servers_words() {
    let body = r#""message":"engine died","type":"InternalServerError","param":null,"code":500"#;
    let old = format!(r#"{{"object":"error",{body}}}"#);
    assert!(matches!(failure(&[delta(r#""content":"a""#), old]), UpstreamError::Reported(_)));
    let error = format!(r#"{{"error":{{{body}}}}}"#);
    let (events, _, result) = run(&[&delta(r#""content":"a""#), error.as_str(), DONE]);
    let report = Report {
        message: "engine died".to_owned(),
        kind: Some("InternalServerError".into()),
        code: Some("500".into()),
        ..Report::default()
    };
    assert_eq!(result, Err(UpstreamError::Reported(report)));
    assert_eq!(events.len(), 3, "started, began, text: {events:?}");
}

#[test]
fn a_model_server_that_gave_up_has_failed() {
    for word in ["abort", "error"] {
        let stream = [delta(r#""content":"a""#), finish(word)];
        assert!(matches!(failure(&stream), UpstreamError::Reported(_)), "{word}");
    }
}

#[test]
fn what_is_no_chunk_is_refused() {
    let broken: [&[u8]; 9] = [
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        b"{\"choices\":[]} {}",
        b"{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}",
        b"{\"x\":\"\xc3\"}",
        b"{\"choices\":{}}",
        b"{\"choices\":[{\"delta\":{\"content\":7}}]}",
    ];
    for data in broken {
        assert!(is_protocol(&[data]), "{}", data.escape_ascii());
    }
}

#[test]
fn fragments_that_belong_to_no_open_call_are_refused() {
    let begin = |index: usize| {
        call(&format!(r#"{{"index":{index},"id":"c{index}","function":{{"name":"f"}}}}"#))
    };
    let late = call(r#"{"index":0,"function":{"arguments":"{}"}}"#);
    assert!(is_protocol(std::slice::from_ref(&late)));
    assert!(is_protocol(&[begin(0), begin(1), late]));
    let many: Vec<_> = (0..MAX_TOOL_CALLS).map(begin).collect();
    let whole = [many.clone(), vec![finish("stop")]].concat();
    assert_eq!(run(&whole).1.entries().len(), MAX_TOOL_CALLS);
    assert!(is_protocol(&[many, vec![begin(MAX_TOOL_CALLS)]].concat()));
}
