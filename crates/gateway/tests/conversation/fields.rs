//! What becomes of every field of a request: one row for each row of `docs/reference/responses.md`.

use serde_json::Value;
use transom_testkit::FakeBackend;
use transom_wire::responses::request::{Effect, FIELDS};

use crate::support::{Talk, body, json};

/// A value of a field; for fields that are passed on, what the model server gets of it.
const VALUES: &[(&str, &str, &str)] = &[
    ("background", "true", ""),
    ("client_metadata", r#"{"a":"b"}"#, ""),
    ("conversation", r#""conv_1""#, ""),
    ("frequency_penalty", "0.5", r#"{"frequency_penalty":0.5}"#),
    ("generate", "false", ""),
    ("include", r#"["message.output_text.logprobs"]"#, ""),
    ("input", r#""Other""#, ""),
    ("instructions", r#""Be brief.""#, ""),
    ("max_output_tokens", "7", r#"{"max_completion_tokens":7}"#),
    ("max_tool_calls", "3", ""),
    ("metadata", r#"{"a":"b"}"#, ""),
    ("model", r#""other""#, ""),
    ("parallel_tool_calls", "false", r#"{"parallel_tool_calls":false}"#),
    ("presence_penalty", "0.5", r#"{"presence_penalty":0.5}"#),
    ("previous_response_id", r#""resp_nowhere""#, ""),
    ("prompt", r#"{"id":"p"}"#, ""),
    ("prompt_cache_key", r#""k""#, ""),
    ("prompt_cache_retention", r#""24h""#, ""),
    ("reasoning", r#"{"effort":"low","summary":"auto"}"#, r#"{"reasoning_effort":"low"}"#),
    ("safety_identifier", r#""s""#, ""),
    ("service_tier", r#""default""#, ""),
    ("store", "false", ""),
    ("stream", "true", ""),
    ("stream_options", r#"{"include_obfuscation":true}"#, ""),
    ("temperature", "0.5", r#"{"temperature":0.5}"#),
    (
        "text",
        r#"{"format":{"type":"json_object"},"verbosity":"low"}"#,
        r#"{"response_format":{"type":"json_object"},"verbosity":"low"}"#,
    ),
    ("tool_choice", r#""required""#, r#"{"tool_choice":"required"}"#),
    (
        "tools",
        r#"[{"type":"function","name":"g"}]"#,
        r#"{"tools":[{"type":"function","function":{"name":"g"}}]}"#,
    ),
    ("top_logprobs", "2", r#"{"top_logprobs":2,"logprobs":true}"#),
    ("top_p", "0.5", r#"{"top_p":0.5}"#),
    ("truncation", r#""auto""#, ""),
    ("user", r#""u""#, ""),
];

/// Beside the field under test, unless they are it.
const OTHERS: &[(&str, &str)] =
    &[("input", r#""Hi""#), ("tools", r#"[{"type":"function","name":"f"}]"#)];

fn fields(name: &str, value: &str) -> String {
    let others = OTHERS.iter().filter(|(other, _)| *other != name);
    let others = others.map(|(other, value)| format!(r#""{other}":{value}"#));
    others.chain([format!(r#""{name}":{value}"#)]).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn every_field_has_the_effect_that_the_reference_says() {
    let known: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
    let tested: Vec<_> = VALUES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(tested, known, "a row of the reference without a test");
    let talk =
        Talk::with(FakeBackend::builder().any_model().allow_field("verbosity").start().await, "")
            .await;
    let plain = fields("user", "null");
    talk.respond(&plain).await;
    let unchanged = talk.sent();
    for (field, (name, value, sent)) in FIELDS.iter().zip(VALUES) {
        let asked = fields(name, value);
        match field.effect {
            Effect::Refused => {
                let refusal = talk.refused(&asked).await;
                assert_eq!((refusal.status, refusal.param.as_deref()), (400, Some(*name)));
            }
            Effect::WithoutEffect => {
                talk.respond(&asked).await;
                assert_eq!(talk.sent(), unchanged, "{name}");
            }
            Effect::PassedOn => {
                talk.respond(&asked).await;
                let got = talk.sent();
                for (key, value) in json(sent).as_object().expect("an object") {
                    assert_eq!(got[key], *value, "{name}");
                }
            }
            Effect::Honoured => honoured(&talk, name, &asked).await,
        }
    }
}

/// What a field does that the gateway itself honours.
async fn honoured(talk: &Talk, name: &str, asked: &str) {
    match name {
        "model" => {
            let asked = format!("{{{asked}}}");
            assert_eq!(talk.client.post("/v1/responses", asked).await.json()["model"], "other");
        }
        "previous_response_id" => {
            let refusal = talk.refused(asked).await;
            assert_eq!(refusal.brief(), (400, "previous_response_not_found", Some(name)));
        }
        "conversation" => {
            let refusal = talk.refused(asked).await;
            assert_eq!(refusal.brief(), (404, "conversation_not_found", Some(name)));
        }
        "stream" => {
            let response = talk.client.post("/v1/responses", body(asked)).await;
            let kind = response.headers.get("content-type").expect("a type");
            assert!(kind.starts_with("text/event-stream"), "{kind}");
        }
        _ => {
            let response = talk.respond(asked).await;
            honoured_in(talk, name, &response).await;
        }
    }
}

/// Likewise, of fields that show in the answer or in what the model server got.
async fn honoured_in(talk: &Talk, name: &str, response: &Value) {
    let said = |at: usize| talk.sent()["messages"][at]["content"].clone();
    match name {
        "include" => assert_eq!(talk.sent()["logprobs"], true),
        "input" => assert_eq!(said(0), "Other"),
        "instructions" => assert_eq!(said(0), "Be brief."),
        "metadata" => assert_eq!(response["metadata"], json(r#"{"a":"b"}"#)),
        "prompt_cache_key" => assert_eq!(response["prompt_cache_key"], "k"),
        "truncation" => assert_eq!(response["truncation"], "auto"),
        "store" => {
            let id = response["id"].as_str().expect("an id");
            assert_eq!(talk.client.get(&format!("/v1/responses/{id}")).await.status, 404);
        }
        other => panic!("no test of {other}"),
    }
}
