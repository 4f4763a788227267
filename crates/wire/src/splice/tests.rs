use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::scan::{Limits, scan};

fn spliced(body: &str, edits: &Edits<'_>) -> String {
    let body = Bytes::from(body.to_owned());
    let head = scan(&body, &Limits::default()).unwrap();
    String::from_utf8(rewrite(&body, &head, edits).to_vec()).unwrap()
}

const STREAMED: Edits<'_> = Edits { model: None, usage: UsageChunk::InStreams, remove: &[] };

#[test]
fn a_body_that_needs_no_edit_is_not_copied() {
    let body = Bytes::from_static(
        br#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
    );
    let head = scan(&body, &Limits::default()).unwrap();
    let edits = Edits { model: Some("m"), remove: &["cache_salt"], ..STREAMED };
    assert_eq!(rewrite(&body, &head, &edits).as_ptr(), body.as_ptr());
}

#[test]
fn only_the_model_changes() {
    let edits = Edits { model: Some("a/\"b\""), ..Edits::default() };
    assert_eq!(
        spliced("{ \"x\" : [1 ,2],\n\"model\" :\"m\" ,\"y\":1e2 }", &edits),
        "{ \"x\" : [1 ,2],\n\"model\" :\"a/\\\"b\\\"\" ,\"y\":1e2 }"
    );
}

#[test]
fn a_stream_gets_its_usage_chunk_and_keeps_its_other_options() {
    for (before, after) in [
        (r#""stream":true"#, r#","stream_options":{"include_usage":true},"stream":true"#),
        (
            r#""stream":true,"stream_options":null"#,
            r#","stream":true,"stream_options":{"include_usage":true}"#,
        ),
        (
            r#""stream_options":{ },"stream":true"#,
            r#","stream_options":{"include_usage":true },"stream":true"#,
        ),
        (
            r#""stream_options":{"x":1},"stream":true"#,
            r#","stream_options":{"include_usage":true,"x":1},"stream":true"#,
        ),
        (
            r#""stream_options":{"x":1,"include_usage":null},"stream":true"#,
            r#","stream_options":{"x":1,"include_usage":true},"stream":true"#,
        ),
        (r#""stream":false"#, r#","stream":false"#),
    ] {
        let body = format!(r#"{{"model":"m",{before}}}"#);
        assert_eq!(spliced(&body, &STREAMED), format!(r#"{{"model":"m"{after}}}"#));
    }
}

#[test]
fn fields_go_with_their_comma_wherever_they_stand() {
    let edits = Edits { remove: &["a", "b", "model"], ..Edits::default() };
    assert_eq!(spliced(r#"{"a":1, "model":"m"}"#, &edits), r#"{"model":"m"}"#);
    assert_eq!(spliced(r#"{"model":"m", "a":1}"#, &edits), r#"{"model":"m"}"#);
    assert_eq!(
        spliced(r#"{"a":1,"b":2,"model":"m","a2":{"a":0},"\u0061b":1}"#, &edits),
        r#"{"model":"m","a2":{"a":0},"\u0061b":1}"#
    );
    assert_eq!(spliced(r#"{"model":"m","x":1,"b":2,"a":3 }"#, &edits), r#"{"model":"m","x":1 }"#);
}

proptest! {
    #[test]
    fn nothing_else_changes(
        names in Just(vec!["a", "model", "cache_salt", "stream", "stream_options", "z", "é"])
            .prop_shuffle(),
        count in 0..8_usize,
        options in prop::sample::select(vec!["null", "{}", r#"{"include_usage":false,"x":[1]}"#]),
        stream: bool,
        model in "\\PC{0,12}",
    ) {
        let mut names: Vec<_> = names.into_iter().take(count).collect();
        if !names.contains(&"model") {
            names.push("model");
        }
        let value = |name: &str| match name {
            "model" => r#""before""#.to_owned(),
            "stream" => stream.to_string(),
            "stream_options" => options.to_owned(),
            other => format!(r#"{{"{other}":["{other}",1.5]}}"#),
        };
        let members: Vec<_> = names.iter().map(|n| format!("\"{n}\" : {}", value(n))).collect();
        let body = format!("{{ {} }}", members.join(" , "));
        let edits = Edits { model: Some(&model), remove: &["cache_salt"], ..STREAMED };
        let after: Value = serde_json::from_str(&spliced(&body, &edits)).unwrap();

        let mut expected: Value = serde_json::from_str(&body).unwrap();
        expected["model"] = Value::from(model);
        expected.as_object_mut().unwrap().remove("cache_salt");
        if names.contains(&"stream") && stream {
            expected["stream_options"]["include_usage"] = Value::from(true);
        }
        prop_assert_eq!(after, expected);
    }
}
