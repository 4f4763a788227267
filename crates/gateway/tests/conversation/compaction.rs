//! Conversations that are summed up.

use serde_json::Value;
use transom_testkit::FakeBackend;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Finish, chat_text, errors};
use transom_wire::responses::request::{COMPACT_FIELDS, Effect};

use crate::sealed::beside;
use crate::support::{RESPONSES, Refusal, Talk, body, json, keys, refusal, tool};

const COMPACT: &str = "/v1/responses/compact";

const CALLED: &str = r#"{"type":"function_call","call_id":"c","name":"look","arguments":"{}"},
    {"type":"function_call_output","call_id":"c","output":"A red door."},
    {"role":"assistant","content":"I saw a red door."}"#;

const INPUT: &str = r#"{"role":"developer","content":"Be exact."},
    {"role":"user","id":"msg_mine","content":[{"type":"input_text","text":"What is there?"}]}"#;

/// How a summary begins for the model.
const TOLD: &str = "The conversation before this was replaced by this summary of it:\n\n";

impl Talk {
    async fn compact(&self, fields: &str) -> Value {
        let answer = self.client.post(COMPACT, body(fields)).await;
        assert_eq!(answer.status, 200, "{fields}: {}", answer.text());
        answer.json()
    }

    async fn not_compacted(&self, fields: &str) -> Refusal {
        refusal(&self.client.post(COMPACT, body(fields)).await)
    }

    /// Role and text of every message that the model server got last.
    fn told(&self) -> Vec<(String, String)> {
        let messages = self.sent()["messages"].as_array().expect("messages").clone();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        messages.iter().map(|message| (word(&message["role"]), word(&message["content"]))).collect()
    }
}

fn said(role: &str, text: &str) -> (String, String) {
    (role.to_owned(), text.to_owned())
}

#[tokio::test]
async fn a_conversation_is_summed_up_and_goes_on_from_its_summary() {
    let talk = Talk::start().await;
    talk.backend.answer(chat().reasoning("What matters?").text("There is a red door."));
    let fields = format!(r#""input":[{INPUT},{CALLED}],"instructions":"You look.""#);
    let compacted = talk.compact(&fields).await;
    assert_eq!(keys(&compacted), ["created_at", "id", "object", "output", "usage"]);
    assert_eq!(compacted["object"], "response.compaction");
    assert!(compacted["id"].as_str().is_some_and(|id| id.starts_with("resp_")));
    assert!(compacted["created_at"].is_i64());
    let usage = &compacted["usage"];
    assert!(usage["input_tokens"].as_u64() > Some(0) && usage["total_tokens"].as_u64() > Some(0));
    // What the user and the application said stays, word for word; the rest is one sealed item.
    let output = compacted["output"].as_array().expect("output");
    let kinds: Vec<_> = output.iter().map(|item| (&item["type"], &item["role"])).collect();
    let (message, nothing) = (Value::from("message"), Value::Null);
    let (developer, user) = (Value::from("developer"), Value::from("user"));
    let compaction = Value::from("compaction");
    assert_eq!(kinds, [(&message, &developer), (&message, &user), (&compaction, &nothing)]);
    assert_eq!(output[1]["id"], "msg_mine");
    assert_eq!(output[1]["content"], json(r#"[{"type":"input_text","text":"What is there?"}]"#));
    assert_eq!(keys(&output[2]), ["encrypted_content", "id", "type"]);
    assert!(output[2]["id"].as_str().is_some_and(|id| id.starts_with("cmp_")));
    assert!(!compacted.to_string().contains("red door"));
    // The model was asked about everything, without tools.
    let asked = talk.told();
    assert_eq!(asked[0], said("system", "You look.\n\nBe exact."));
    assert_eq!(asked[3], said("tool", "A red door."));
    assert_eq!(asked[5].0, "user");
    assert!(asked[5].1.starts_with("The conversation above"), "{}", asked[5].1);
    assert_eq!(talk.sent().get("tools"), None);
    let id = compacted["id"].as_str().expect("an id");
    let stored = talk.client.get(&format!("{RESPONSES}/{id}")).await;
    assert_eq!(stored.status, 404);

    // It goes on, at this gateway and at another one on the same database.
    let items: Vec<_> = output.iter().map(Value::to_string).collect();
    let goes_on =
        format!(r#""input":[{},{{"role":"user","content":"Open it."}}]"#, items.join(","));
    let second = beside(&talk).await;
    for client in [&talk.client, &second.client()] {
        let answer = client.post(RESPONSES, body(&goes_on)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(
            talk.told(),
            [
                said("system", "Be exact."),
                said("user", "What is there?"),
                said("user", &format!("{TOLD}There is a red door.")),
                said("user", "Open it."),
            ]
        );
    }
}

#[tokio::test]
async fn a_chain_is_summed_up_and_a_summary_is_part_of_a_chain() {
    let talk = Talk::start().await;
    let first = talk.respond(r#""input":"One?""#).await;
    let second = talk.proceed(&first, &format!(r#""input":"Two?","tools":[{}]"#, tool("f"))).await;
    talk.backend.answer(chat_text("They count."));
    let previous = format!(r#""previous_response_id":{}"#, second["id"]);
    let compacted = talk.compact(&format!(r#"{previous},"input":"Three?""#)).await;
    let said_before: Vec<_> = compacted["output"]
        .as_array()
        .expect("output")
        .iter()
        .map(|item| item["content"][0]["text"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(said_before, ["One?", "Two?", "Three?", ""]);

    // Stored with a turn, listed as it came, and told again in the turn after it.
    let summary = compacted["output"][3].clone();
    let fields = format!(r#""input":[{summary},{{"role":"user","content":"Four?"}}]"#);
    let kept = talk.respond(&fields).await;
    let path = format!("{RESPONSES}/{}/input_items?order=asc", kept["id"].as_str().expect("an id"));
    assert_eq!(talk.client.get(&path).await.json()["data"][0], summary);
    let told = talk.told();
    talk.proceed(&kept, r#""input":"Five?""#).await;
    assert_eq!(talk.told()[..2], told[..2]);
    assert_eq!(told[0], said("user", &format!("{TOLD}They count.")));

    // A summary of a summary has the first one in it.
    talk.backend.answer(chat_text("They still count."));
    let previous = format!(r#""previous_response_id":{}"#, kept["id"]);
    let again = talk.compact(&previous).await;
    assert_eq!(again["output"].as_array().map(Vec::len), Some(2));
    assert_eq!(talk.told()[0], said("user", &format!("{TOLD}They count.")));
}

#[tokio::test]
async fn what_cannot_be_summed_up_is_refused() {
    let talk = Talk::with(FakeBackend::builder().any_model().start().await, "").await;
    let foreign = r#""input":[{"type":"compaction","encrypted_content":"gAAAAA"}]"#;
    let unreadable = (400, "invalid_encrypted_content", Some("input[0].encrypted_content"));
    assert_eq!(talk.not_compacted(foreign).await.brief(), unreadable);
    assert_eq!(talk.refused(foreign).await.brief(), unreadable);
    talk.backend.answer(chat_text("In short."));
    let summary = talk.compact(r#""input":"Hi""#).await["output"][1].clone();
    let other = body(&format!(r#""input":[{summary}]"#)).replace("tiny", "other");
    let refused = refusal(&talk.client.post(RESPONSES, other).await);
    assert_eq!(refused.brief(), unreadable);
    for (fields, expected) in [
        (
            r#""previous_response_id":"resp_no""#,
            (400, "previous_response_not_found", Some("previous_response_id")),
        ),
        (r#""instructions":"i""#, (400, "missing_required_parameter", Some("input"))),
        (r#""input":"x","stream":true"#, (400, "unsupported_value", Some("stream"))),
        (r#""input":"x","temperature":1"#, (400, "unsupported_parameter", Some("temperature"))),
        (
            r#""input":"x","kv_transfer_params":{}"#,
            (400, "field_denied", Some("kv_transfer_params")),
        ),
        (
            r#""input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]"#,
            (400, "invalid_value", Some("input[0]")),
        ),
    ] {
        assert_eq!(talk.not_compacted(fields).await.brief(), expected, "{fields}");
    }
    assert_eq!(talk.client.get(COMPACT).await.status, 405);
    talk.backend.answer(chat().text("Half").finish(Finish::Length));
    let cut = talk.not_compacted(r#""input":"Hi""#).await;
    assert_eq!(cut.brief(), (400, "context_length_exceeded", Some("input")));
    talk.backend.answer(chat().tool_call("c", "f", "{}"));
    assert_eq!(talk.not_compacted(r#""input":"Hi""#).await.status, 502);
    talk.backend.answer(errors::context_too_long(100, 200));
    let long = talk.not_compacted(r#""input":"Hi""#).await;
    assert_eq!((long.status, long.code.as_str()), (400, "context_length_exceeded"));
}

#[tokio::test]
async fn every_field_has_the_effect_that_the_reference_says() {
    /// A value of a field, and what the model server gets of it.
    const VALUES: &[(&str, &str, &str)] = &[
        ("background", "true", ""),
        ("input", r#""Other""#, ""),
        ("instructions", r#""Be brief.""#, ""),
        ("model", r#""other""#, ""),
        ("parallel_tool_calls", "false", ""),
        ("previous_response_id", r#""resp_nowhere""#, ""),
        ("prompt_cache_key", r#""k""#, ""),
        ("prompt_cache_retention", r#""24h""#, ""),
        ("reasoning", r#"{"effort":"low","summary":"auto"}"#, r#"{"reasoning_effort":"low"}"#),
        ("service_tier", r#""default""#, ""),
        ("store", "true", ""),
        ("stream", "true", ""),
        ("text", r#"{"verbosity":"low"}"#, ""),
        ("tools", r#"[{"type":"function","name":"g"}]"#, ""),
    ];
    let known: Vec<_> = COMPACT_FIELDS.iter().map(|field| field.name).collect();
    let tested: Vec<_> = VALUES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(tested, known, "a row of the reference without a test");
    let talk = Talk::with(FakeBackend::builder().any_model().start().await, "").await;
    let with = |name: &str, value: &str| {
        let others = [("model", r#""tiny""#), ("input", r#""Hi""#)];
        let others = others.iter().filter(|(other, _)| *other != name);
        let others = others.map(|(other, value)| format!(r#""{other}":{value}"#));
        let fields: Vec<_> = others.chain([format!(r#""{name}":{value}"#)]).collect();
        format!("{{{}}}", fields.join(","))
    };
    let plain = talk.client.post(COMPACT, with("service_tier", "null")).await;
    assert_eq!(plain.status, 200, "{}", plain.text());
    let unchanged = talk.sent();
    for (field, (name, value, sent)) in COMPACT_FIELDS.iter().zip(VALUES) {
        let answer = talk.client.post(COMPACT, with(name, value)).await;
        let got = talk.sent();
        match field.effect {
            Effect::Refused => {
                let refused = refusal(&answer);
                assert_eq!(refused.brief(), (400, "unsupported_value", Some(*name)));
            }
            Effect::WithoutEffect => assert_eq!((answer.status, got), (200, unchanged.clone())),
            Effect::PassedOn => {
                for (key, value) in json(sent).as_object().expect("an object") {
                    assert_eq!(got[key], *value, "{name}");
                }
            }
            Effect::Honoured => match *name {
                "previous_response_id" => assert_eq!(answer.status, 400),
                "input" => assert_eq!(got["messages"][0]["content"], "Other"),
                "instructions" => assert_eq!(got["messages"][0]["content"], "Be brief."),
                "model" => assert_eq!(got["model"], "other"),
                // It ties requests to a deployment, of which there is one.
                "prompt_cache_key" => assert_eq!((answer.status, got), (200, unchanged.clone())),
                other => panic!("no test of {other}"),
            },
        }
    }
}
