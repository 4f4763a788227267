//! Streams that break, or break the rules.

use transom_core::transcript::MAX_ITEMS;

use super::*;
use crate::answer::MAX_TOOL_CALLS;

fn is_protocol<D: AsRef<[u8]>>(stream: &[D]) -> bool {
    matches!(failure(stream), UpstreamError::Protocol { .. })
}

#[test]
fn a_stream_without_its_last_event_was_cut() {
    let begun = [CREATED.to_owned(), text(0, "Half")];
    for rest in [vec![], vec!["[DONE]".to_owned()]] {
        let stream = [&begun[..], &rest].concat();
        assert!(matches!(failure(&stream), UpstreamError::Truncated { .. }));
    }
    assert!(matches!(failure::<&str>(&[]), UpstreamError::Truncated { .. }));
}

#[test]
fn errors_are_told_in_the_servers_words_and_in_nobody_elses() {
    let reported = |stream: &str| match failure(&[CREATED, stream]) {
        UpstreamError::Reported(report) => {
            (report.message, report.code.unwrap_or_default().to_string())
        }
        other => panic!("{other:?}"),
    };
    let said = |message: &str, code: &str| (message.to_owned(), code.to_owned());
    assert_eq!(
        reported(r#"{"type":"error","code":"server_error","message":"boom","param":null}"#),
        said("boom", "server_error"),
    );
    assert_eq!(
        reported(r#"{"type":"error","error":{"message":"boom","code":500}}"#),
        said("boom", "500"),
    );
    // vLLM's own, without a type.
    assert_eq!(reported(r#"{"error":{"message":"boom","code":400}}"#), said("boom", "400"));
    let failed = |rest: &str| {
        format!(
            r#"{{"type":"response.failed","response":{{"status":"failed",{rest}"input":"secret"}}}}"#
        )
    };
    let with = failed(r#""error":{"code":"rate_limit_exceeded","message":"slow down"},"#);
    assert_eq!(reported(&with), said("slow down", "rate_limit_exceeded"));
    let silent = said("the model server gave up, and did not say why", "");
    for unsaid in [failed(""), failed(r#""error":null,"#)] {
        assert_eq!(reported(&unsaid), silent);
    }
    let cancelled = completed(r#""status":"cancelled""#);
    assert_eq!(reported(&cancelled), silent);
}

#[test]
fn what_is_no_event_is_not_understood() {
    for wrong in [
        "{",
        "7",
        "[]",
        r#"["response.created"]"#,
        "{}",
        r#"{"type":7}"#,
        r#"{"type":"response.output_text.delta","delta":7}"#,
        r#"{"type":"response.output_text.delta","delta":"x","output_index":"0"}"#,
        r#"{"type":"response.output_text.delta","delta":"x","item_id":0}"#,
        r#"{"type":"response.output_item.added"}"#,
        r#"{"type":"response.output_item.added","item":7}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","content":"text"}}"#,
        r#"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c"}}"#,
        r#"{"type":"response.completed","response":7}"#,
        r#"{"type":"response.completed","response":{"output":{}}}"#,
    ] {
        assert!(is_protocol(&[wrong]), "{wrong}");
    }
    assert!(is_protocol(&[&b"\xff"[..]]));
}

#[test]
fn arguments_belong_to_the_call_that_is_open() {
    let arguments = |index| delta(index, "function_call_arguments", "{}");
    assert!(is_protocol(&[arguments(0)]), "no call at all");
    assert!(is_protocol(&[call(0, "a", "f"), arguments(7)]), "a call that never began");
    assert!(
        is_protocol(&[call(0, "a", "f"), call(1, "b", "f"), arguments(0)]),
        "one that has ended"
    );
    let unnamed = r#"{"type":"response.function_call_arguments.delta","delta":"{}"}"#;
    assert!(run(&[call(0, "a", "f"), unnamed.to_owned(), whole()]).2.is_ok());
}

#[test]
fn an_answer_has_bounds() {
    let many = |count: usize, make: &dyn Fn(u32) -> String| -> Vec<String> {
        (0..u32::try_from(count).unwrap()).map(make).collect()
    };
    let calls = |count| many(count, &|index| call(index, &format!("c{index}"), "f"));
    assert_eq!(
        run(&[calls(MAX_TOOL_CALLS), vec![whole()]].concat()).1.entries().len(),
        MAX_TOOL_CALLS
    );
    assert!(is_protocol(&calls(MAX_TOOL_CALLS + 1)));
    assert!(is_protocol(&many(MAX_ITEMS + 1, &|index| added(index, MESSAGE))));
}
