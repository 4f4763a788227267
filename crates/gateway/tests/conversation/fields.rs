//! What becomes of every field of a request: one row for each row of `docs/reference/responses.md`.

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::{FakeBackend, TestGateway};
use transom_wire::responses::request::{Effect, FIELDS, INCLUDES};

use crate::support::{Talk, body, json};

/// A value of a field; for fields that are passed on, what the model server gets of it.
const VALUES: &[(&str, &str, &str)] = &[
    ("background", "true", ""),
    ("client_metadata", r#"{"a":"b"}"#, ""),
    ("context_management", r#"[{"type":"compaction","compact_threshold":1000}]"#, ""),
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

/// Every field of OpenAI's `CreateResponse`, in version 2.3.0 of its document.
pub(crate) const OFFICIAL: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

#[test]
fn every_field_of_openais_document_is_known() {
    let unknown = OFFICIAL.iter().filter(|name| !FIELDS.iter().any(|field| field.name == **name));
    assert_eq!(unknown.collect::<Vec<_>>(), [&""; 0]);
}

/// Fields that the response object shows as they came.
const SHOWN: &[&str] = &[
    "frequency_penalty",
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "temperature",
    "text",
    "tool_choice",
    "top_logprobs",
    "top_p",
    "user",
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
                check_shown(&talk.respond(&asked).await, name, value);
                assert_eq!(talk.sent(), unchanged, "{name}");
            }
            Effect::PassedOn => {
                check_shown(&talk.respond(&asked).await, name, value);
                let got = talk.sent();
                for (key, value) in json(sent).as_object().expect("an object") {
                    assert_eq!(got[key], *value, "{name}");
                }
            }
            Effect::Honoured => honoured(&talk, name, &asked).await,
        }
    }
}

fn check_shown(response: &Value, name: &str, value: &str) {
    if SHOWN.contains(&name) {
        assert_eq!(response[name], json(value), "{name}");
    }
}

/// Requests that share a key go to one of two servers, as the model's strategy says; it is not the
/// same server for all keys.
#[tokio::test]
async fn a_session_stays_at_one_server() {
    let (one, other) = (FakeBackend::start().await, FakeBackend::start().await);
    let native = format!(
        "backends:\n  - {{name: one, url: '{}/v1'}}\n  - {{name: other, url: '{}/v1'}}\n\
         models:\n  - name: m\n    strategy: session\n    deployments:\n      \
         - {{backend: one, model: tiny}}\n      - {{backend: other, model: tiny}}\n",
        one.url(),
        other.url()
    );
    let builder = TestGateway::builder(env!("CARGO_BIN_EXE_transom")).config_yaml(native);
    let gateway = builder.start().await;
    let client = gateway.client();
    let asked = |backend: &FakeBackend| backend.requests_to("/v1/chat/completions").len();
    for key in 0..8 {
        let before = [asked(&one), asked(&other)];
        for _ in 0..3 {
            let body = format!(r#"{{"model":"m","input":"Hi","prompt_cache_key":"key-{key}"}}"#);
            assert_eq!(client.post("/v1/responses", body).await.status, 200);
        }
        let grown = [asked(&one) - before[0], asked(&other) - before[1]];
        assert!(grown == [3, 0] || grown == [0, 3], "key-{key}: {grown:?}");
    }
    assert!(asked(&one) > 0 && asked(&other) > 0, "eight keys at one server");
}

#[tokio::test]
async fn every_value_of_include_has_the_effect_that_the_reference_says() {
    let talk = Talk::start().await;
    let thinks = || chat().reasoning("Hm").text("Hi");
    let ask = async |include: &str| {
        talk.backend.answer(thinks());
        let mut response =
            talk.respond(&format!(r#""input":[{PICTURE}],"include":[{include}]"#)).await;
        let path = format!("/v1/responses/{}/input_items", response["id"].as_str().expect("an id"));
        let mut listed = talk.client.get(&path).await.json()["data"].clone();
        // Each answer has its own ids and times.
        for item in [&mut response["output"], &mut listed] {
            for item in item.as_array_mut().expect("items") {
                item["id"] = Value::Null;
            }
        }
        (response["output"].clone(), listed, talk.sent())
    };
    let plain = ask("").await;
    let pictured = &plain.1[3]["content"][0]["image_url"];
    assert_eq!(pictured, "https://example.com/a.png", "{}", plain.1);
    assert_eq!(plain.1[2]["results"][0]["text"], "found");
    assert_eq!(plain.1[1]["outputs"][0]["logs"], "2");
    assert_eq!(plain.1[0]["action"]["sources"][0]["url"], "https://example.com");
    for value in INCLUDES {
        let mut answer = ask(&format!("{:?}", value.name)).await;
        match value.name {
            "message.output_text.logprobs" => assert_eq!(answer.2["logprobs"], true),
            "reasoning.encrypted_content" => {
                let sealed = answer.0[0].as_object_mut().expect("an item");
                assert!(sealed.remove("encrypted_content").is_some_and(|blob| blob.is_string()));
                assert_eq!(answer, plain);
            }
            name => {
                assert_eq!(value.effect, Effect::WithoutEffect, "{name}");
                assert_eq!(answer, plain, "{name}");
            }
        }
    }
}

/// What the values without effect ask for, newest last.
const PICTURE: &str = r#"{"role":"user","content":[{"type":"input_image","image_url":"https://example.com/a.png"}]},
    {"type":"file_search_call","id":"fs","status":"completed","queries":["q"],"results":[{"text":"found"}]},
    {"type":"code_interpreter_call","id":"ci","status":"completed","container_id":"c","code":"1+1","outputs":[{"type":"logs","logs":"2"}]},
    {"type":"web_search_call","id":"ws","status":"completed","action":{"type":"search","query":"q","sources":[{"type":"url","url":"https://example.com"}]}}"#;

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
        "background" => assert_eq!(talk.respond(asked).await["status"], "queued"),
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
        // Where it leads is another test's subject: there is one server here.
        "prompt_cache_key" => check_shown(response, name, r#""k""#),
        "truncation" => assert_eq!(response["truncation"], "auto"),
        "store" => {
            let id = response["id"].as_str().expect("an id");
            assert_eq!(talk.client.get(&format!("/v1/responses/{id}")).await.status, 404);
        }
        other => panic!("no test of {other}"),
    }
}

/// Fields that the response object shows, with a value, and what it shows of it.
const SHOWN_AS: &[(&str, &str, &str)] = &[
    ("max_tool_calls", "3", "3"),
    ("prompt_cache_key", r#""k""#, r#""k""#),
    ("prompt_cache_retention", r#""24h""#, r#""24h""#),
    ("prompt_cache_retention", r#""in-memory""#, r#""in_memory""#),
    ("reasoning", r#"{"summary":"detailed"}"#, r#"{"effort":null,"summary":"detailed"}"#),
    ("reasoning", r#"{"generate_summary":"auto"}"#, r#"{"effort":null,"summary":"auto"}"#),
    ("safety_identifier", r#""s""#, r#""s""#),
    ("service_tier", r#""auto""#, r#""default""#),
    ("service_tier", r#""default""#, r#""default""#),
    ("user", r#""u""#, r#""u""#),
];

#[tokio::test]
async fn what_has_no_effect_is_shown_and_stored_and_stays_here() {
    let talk = Talk::start().await;
    talk.respond(r#""input":"Hi""#).await;
    let plain = talk.sent();
    for (name, value, shown) in SHOWN_AS {
        let response = talk.respond(&format!(r#""input":"Hi","{name}":{value}"#)).await;
        assert_eq!(response[name], json(shown), "{name}: {value}");
        assert_eq!(talk.stored(&response["id"]).await, response);
        assert_eq!(talk.sent(), plain, "{name}: {value}");
    }
    // Not shown: what Codex says of itself.
    let response = talk.respond(r#""input":"Hi","client_metadata":{"a":"b"}"#).await;
    assert!(response.get("client_metadata").is_none());
}

#[tokio::test]
async fn summaries_are_not_written_and_thoughts_are_sent_as_they_are() {
    let talk = Talk::start().await;
    talk.backend.answer(chat().reasoning("Hm").text("Yes"));
    let response = talk.respond(r#""input":"Hi","reasoning":{"summary":"detailed"}"#).await;
    let thoughts = &response["output"][0];
    assert_eq!(thoughts["summary"], json("[]"));
    assert_eq!(thoughts["content"], json(r#"[{"type":"reasoning_text","text":"Hm"}]"#));
}

#[tokio::test]
async fn streams_carry_no_padding_whatever_is_asked_for() {
    let talk = Talk::start().await;
    for options in ["null", "{}", r#"{"include_obfuscation":true}"#] {
        let events = talk.stream(&format!(r#""input":"Hi","stream_options":{options}"#)).await;
        assert!(events.iter().all(|event| !event.data.contains("obfuscation")), "{options}");
    }
}
