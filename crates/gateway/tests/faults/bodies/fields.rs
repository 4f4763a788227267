//! Values that would cost an engine dearly, or mean nothing (C3, C12).

use super::{JSON, ROUTES, Refusal, assert_refused, assert_unheard, send};
use crate::support::{CHAT, RESPONSES, Rig};

const LARGE: &str = "value_too_large";
const TYPE: &str = "invalid_type";
const VALUE: &str = "invalid_value";

/// On every route: the field, its value, the code.
const EVERYWHERE: [(&str, &str, &str); 14] = [
    ("n", "1000000000", LARGE),
    ("n", "99999999999999999999999999999999999999999999", LARGE),
    ("n", "0", VALUE),
    ("n", "-1", VALUE),
    ("n", "1.5", TYPE),
    ("n", "\"2\"", TYPE),
    ("best_of", "1000000", LARGE),
    ("logprobs", "1000000", LARGE),
    ("logprobs", "-1", VALUE),
    ("min_tokens", "2147483648", LARGE),
    ("seed", "9223372036854775808", LARGE),
    ("seed", "1e3", TYPE),
    ("logit_bias", "[]", TYPE),
    ("stop", "7", TYPE),
];

const IN_CHATS: [(&str, &str, &str); 8] = [
    ("max_tokens", "2147483648", LARGE),
    ("max_tokens", "-1", VALUE),
    ("max_tokens", "\"many\"", TYPE),
    ("max_completion_tokens", "9223372036854775808", LARGE),
    ("top_logprobs", "1000000", LARGE),
    ("temperature", "\"warm\"", TYPE),
    ("top_p", "[]", TYPE),
    ("tools", "{}", TYPE),
];

const IN_RESPONSES: [(&str, &str, &str); 6] = [
    ("max_output_tokens", "2147483648", LARGE),
    ("max_output_tokens", "1.5", TYPE),
    ("max_output_tokens", "\"many\"", TYPE),
    ("top_logprobs", "1000000", LARGE),
    ("top_p", "[]", TYPE),
    ("tools", "{}", TYPE),
];

#[tokio::test]
async fn a_value_beyond_reason_is_refused_by_its_field() {
    let rig = Rig::start("").await;
    for (path, opening) in ROUTES {
        let own = if path == CHAT { IN_CHATS.as_slice() } else { IN_RESPONSES.as_slice() };
        for (field, value, code) in EVERYWHERE.iter().chain(own) {
            let body = format!(r#"{opening},"{field}":{value}}}"#);
            let answer = send(&rig, path, &JSON, body.as_bytes()).await;
            assert_refused(
                &format!("{field}={value} on {path}"),
                &answer,
                (400, code, Some(field)),
            );
        }
    }
    assert_unheard(&rig).await;
}

#[tokio::test]
async fn a_list_beyond_reason_is_refused_by_its_field() {
    let rig = Rig::start("").await;
    let stops = list(100_000, |at| format!("\"s{at}\""));
    let bias = list(400, |at| format!("\"{at}\":1")).replacen('[', "{", 1).replace(']', "}");
    let rows: [(&str, String, Refusal<'_>); 4] = [
        ("stop", stops, (400, LARGE, Some("stop"))),
        ("stop", format!("[\"{}\"]", "x".repeat(1000)), (400, LARGE, Some("stop[0]"))),
        ("stop", "[7]".to_owned(), (400, TYPE, Some("stop[0]"))),
        ("logit_bias", bias, (400, LARGE, Some("logit_bias"))),
    ];
    for (path, opening) in ROUTES {
        for (field, value, expected) in &rows {
            let body = format!(r#"{opening},"{field}":{value}}}"#);
            let answer = send(&rig, path, &JSON, body.as_bytes()).await;
            assert_refused(&format!("{field} on {path}"), &answer, *expected);
        }
    }
    assert_unheard(&rig).await;
}

#[tokio::test]
async fn a_tool_whose_schema_is_deep_is_refused_by_its_place() {
    let rig = Rig::start("").await;
    // Within the depth of JSON, beyond that of a schema.
    let deep = format!("{}{{}}{}", r#"{"type":"array","items":"#.repeat(40), "}".repeat(40));
    let rows = [
        (
            ROUTES[0],
            format!(r#"[{{"type":"function","function":{{"name":"f","parameters":{deep}}}}}]"#),
            "tools[0].function.parameters",
        ),
        (
            ROUTES[1],
            format!(r#"[{{"type":"function","name":"f","parameters":{deep}}}]"#),
            "tools[0].parameters",
        ),
    ];
    for ((path, opening), tools, param) in rows {
        let body = format!(r#"{opening},"tools":{tools}}}"#);
        let answer = send(&rig, path, &JSON, body.as_bytes()).await;
        assert_refused(path, &answer, (400, VALUE, Some(param)));
    }
    assert_unheard(&rig).await;
}

/// A conversation with a call that had these arguments.
fn called_with(arguments: &str) -> String {
    let call =
        format!(r#"{{"type":"function_call","call_id":"c","name":"f","arguments":"{arguments}"}}"#);
    let output = r#"{"type":"function_call_output","call_id":"c","output":"x"}"#;
    let question = r#"{"role":"user","content":"Hi"}"#;
    format!(r#"{{"model":"tiny","input":[{question},{call},{output}]}}"#)
}

#[tokio::test]
async fn arguments_of_an_earlier_call_that_are_no_json_reach_the_model_server_as_one_text() {
    let rig = Rig::start("").await;
    let arguments = "[".repeat(100);
    assert_eq!(rig.client.post(RESPONSES, called_with(&arguments)).await.status, 200);
    let sent = rig.backend.last_request().json();
    let sent = &sent["messages"][1]["tool_calls"][0]["function"]["arguments"];
    // Engines parse this field: what they find is an object with one text.
    assert_eq!(*sent, format!(r#"{{"arguments":"{arguments}"}}"#));
}

#[tokio::test]
async fn arguments_of_an_earlier_call_that_are_deep_are_refused_by_their_place() {
    let rig = Rig::start("").await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let refused = rig.client.post(RESPONSES, called_with(&deep)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["error"]["param"], "input[1].arguments");
    assert!(rig.backend.requests_to("/v1/chat/completions").is_empty());
}

fn list(number: usize, entry: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..number).map(entry).collect::<Vec<_>>().join(","))
}
