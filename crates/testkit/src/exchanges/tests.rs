use super::shape;
use super::{Form, is_described};

fn same(one: &str, other: &str) -> bool {
    let shape = |text: &str| {
        let json = serde_json::from_str(text).expect("JSON");
        shape::of("GET", "/v1/responses", 200, Form::Body, &json)
    };
    shape(one) == shape(other)
}

#[test]
fn answers_that_differ_in_ids_prose_and_counts_are_alike() {
    for (one, other) in [
        (r#"{"id":"resp_0123abcd"}"#, r#"{"id":"resp_4567ef01"}"#),
        (r#"{"text":"One two."}"#, r#"{"text":"Another thing altogether"}"#),
        (r#"{"total_tokens":120}"#, r#"{"total_tokens":64}"#),
        (r#"{"list":[{"n":31},{"n":32}]}"#, r#"{"list":[{"n":33}]}"#),
        (r#"{"a":1,"b":true}"#, r#"{"b":true,"a":1}"#),
        (r#""canary-7""#, r#""canary-8""#),
    ] {
        assert!(same(one, other), "{one} {other}");
    }
}

#[test]
fn answers_that_a_schema_tells_apart_are_not_alike() {
    for (one, other) in [
        (r#"{"status":"completed"}"#, r#"{"status":"failed"}"#),
        (r#"{"user":null}"#, r#"{"user":"me"}"#),
        (r#"{"user":null}"#, "{}"),
        (r#"{"top_p":1}"#, r#"{"top_p":1.5}"#),
        (r#"{"top_logprobs":20}"#, r#"{"top_logprobs":21}"#),
        (r#"{"list":[]}"#, r#"{"list":[1]}"#),
        (
            r#"{"list":[{"type":"message"},{"type":"reasoning"}]}"#,
            r#"{"list":[{"type":"message"}]}"#,
        ),
        (r#"{"name":"get weather"}"#, r#"{"name":"GetWeather"}"#),
        (r#"{"key":"24h"}"#, r#"{"key":"in-memory"}"#),
    ] {
        assert!(!same(one, other), "{one} {other}");
    }
    let long = format!(r#"{{"user":"{}"}}"#, "A ".repeat(40));
    assert!(!same(&long, r#"{"user":"A B"}"#));
}

#[test]
fn only_what_the_gateway_says_itself_is_written_down() {
    for (path, status, expected) in [
        ("/v1/responses", 200, true),
        ("/v1/responses/resp_1/input_items", 404, true),
        ("/v1/conversations", 200, true),
        ("/v1/models/org/name", 200, true),
        ("/v1/chat/completions", 200, false),
        ("/v1/chat/completions", 400, true),
        ("/v1/responsesx", 200, false),
        ("/v1/rerank", 400, false),
        ("/health", 200, false),
    ] {
        assert_eq!(is_described(path, status), expected, "{path} {status}");
    }
}
