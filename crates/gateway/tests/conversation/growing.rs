//! What the model server gets of a turn begins with what it got of the turn before, byte for byte, so
//! that its prefix cache holds: over chains of responses, conversations, and input that clients send
//! again and again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use transom_testkit::FakeBackend;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Chat, chat_text};

use crate::support::{RESPONSES, Talk, json, tool};

const TURNS: usize = 30;

/// How a client continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Previous,
    Conversation,
    Replayed,
}

/// What the model says in a turn.
fn answer(turn: usize) -> Chat {
    let call = |name: &str, arguments: &str| {
        chat().reasoning(format!("Thought {turn}.")).tool_call(
            &format!("call_{turn}"),
            name,
            arguments,
        )
    };
    match turn % 5 {
        0 => chat().reasoning(format!("Thought {turn}.")).text(format!("Answer {turn}.")),
        1 => call("weather", r#"{"city": "Oslo"}"#),
        2 => call("patch", r#"{"input":"a \"b\""}"#),
        3 => chat_text(format!("  Answer\n{turn}.  ")),
        _ => chat().text("Let me see. ").reasoning("More.").text(format!("Answer {turn}.")),
    }
}

/// What a client says in a turn, after the outputs of calls.
fn said(turn: usize) -> Vec<Value> {
    let file = STANDARD.encode(format!("Line of file {turn}"));
    let item = match turn % 6 {
        0 => r#"{"role":"user","content":"Question Ω."}"#.to_owned(),
        1 => r#"{"role":"developer","content":"Be precise."}"#.to_owned(),
        2 => format!(
            r#"{{"role":"user","content":[{{"type":"input_text","text":"Read"}},
               {{"type":"input_file","filename":"a.txt","file_data":"{file}"}}]}}"#
        ),
        3 => r#"{"type":"web_search_call","status":"completed","action":{"type":"search","query":"sun"}}"#
            .to_owned(),
        4 => r#"{"role":"user","content":[{"type":"input_image","image_url":"https://a.example/b.png"}]}"#
            .to_owned(),
        _ => r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"On."}]}"#
            .to_owned(),
    };
    vec![json(&item), json(&format!(r#"{{"role":"user","content":"Turn {turn}."}}"#))]
}

/// The outputs that the calls of an answer wait for.
fn outputs(response: &Value) -> Vec<Value> {
    let calls = response["output"].as_array().expect("output").iter();
    let output = |item: &Value| {
        let kind = item["type"].as_str()?.strip_suffix("_call")?;
        let output = format!(
            r#"{{"type":"{kind}_call_output","call_id":{},"output":"Sunny"}}"#,
            item["call_id"]
        );
        Some(json(&output))
    };
    calls.filter_map(output).collect()
}

/// The messages of each request, as they were sent.
async fn messages(way: Way) -> Vec<String> {
    let backend = FakeBackend::builder().system_anywhere().start().await;
    for turn in 0..TURNS {
        backend.answer(answer(turn));
    }
    let talk = Talk::with(backend, "").await;
    let conversation = talk.client.post("/v1/conversations", "{}").await.json();
    let tools = format!(
        r#""instructions":"Be kind.","tools":[{},{{"type":"custom","name":"patch"}}]"#,
        tool("weather")
    );
    let (mut before, mut last) = (Vec::new(), Value::Null);
    for turn in 0..TURNS {
        let mut new = if last.is_null() { Vec::new() } else { outputs(&last) };
        new.extend(said(turn));
        let link = match way {
            Way::Previous if last.is_null() => String::new(),
            Way::Previous => format!(r#""previous_response_id":{},"#, last["id"]),
            Way::Conversation => format!(r#""conversation":{},"#, conversation["id"]),
            Way::Replayed => String::new(),
        };
        let input = match way {
            Way::Replayed => [before.clone(), new.clone()].concat(),
            Way::Previous | Way::Conversation => new.clone(),
        };
        let body = format!(r#"{{"model":"tiny",{link}{tools},"input":{}}}"#, Value::from(input));
        let response = talk.client.post(RESPONSES, body).await;
        assert_eq!(response.status, 200, "{way:?} {turn}: {}", response.text());
        last = response.json();
        before.extend(new);
        before.extend(last["output"].as_array().expect("output").clone());
    }
    let sent = talk.backend.requests_to("/v1/chat/completions");
    let text = sent.iter().map(|sent| String::from_utf8(sent.body.to_vec()).expect("text"));
    let inside = |body: String| {
        let (_, rest) = body.split_once(r#""messages":["#).expect("messages");
        let (messages, _) = rest.split_once(r#"],"stream":true"#).expect("an end");
        messages.to_owned()
    };
    text.map(inside).collect()
}

#[tokio::test]
async fn each_turn_begins_with_the_one_before_byte_for_byte() {
    let chain = messages(Way::Previous).await;
    assert_eq!(chain.len(), TURNS);
    for (turn, pair) in chain.windows(2).enumerate() {
        assert!(pair[1].starts_with(&pair[0]), "turn {turn}:\n{}\n{}", pair[0], pair[1]);
        assert!(pair[1].len() > pair[0].len());
    }
    // However a client continues, the model server gets the same.
    assert_eq!(messages(Way::Conversation).await, chain);
    assert_eq!(messages(Way::Replayed).await, chain);
}
