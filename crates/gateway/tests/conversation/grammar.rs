//! Calls of custom tools that follow their grammar, and calls that do not.

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Finish, chat_text};

use crate::support::{Talk, json, terminal};

const LARK: &str = r#"{"type":"grammar","syntax":"lark","definition":"start: /a+/"}"#;
const REGEX: &str = r#"{"type":"grammar","syntax":"regex","definition":"a+|b"}"#;

const FORCED: &str = r#""tool_choice":{"type":"custom","name":"patch"}"#;

fn tool(format: &str) -> String {
    format!(r#""tools":[{{"type":"custom","name":"patch","format":{format}}}]"#)
}

/// What is said of the one call of a response.
fn said(response: &Value) -> &Value {
    let calls = response["output"].as_array().expect("output");
    let call = calls.iter().find(|item| item["type"] == "custom_tool_call").expect("a call");
    &call["transom"]["grammar"]
}

#[tokio::test]
async fn a_call_that_nobody_forced_is_checked_and_its_item_says_what_came_of_it() {
    let talk = Talk::start().await;
    for (format, input, expected) in [
        (LARK, "aaa", Value::Null),
        (LARK, "aab", "broken".into()),
        (REGEX, "aaa", Value::Null),
        (REGEX, "b", Value::Null),
        (REGEX, "ab", "broken".into()),
        (
            r#"{"type":"grammar","syntax":"lark","definition":"start: other"}"#,
            "a",
            "unchecked".into(),
        ),
        (r#"{"type":"text"}"#, "aab", Value::Null),
    ] {
        let fields = format!(r#""input":"Go",{}"#, tool(format));
        let arguments = json(r#"{"input":""}"#).to_string().replace("\"\"", &format!("{input:?}"));
        let answer = || chat().tool_call("call_1", "patch", &arguments);
        talk.backend.answer(answer()).answer(answer());
        let whole = talk.respond(&fields).await;
        assert_eq!(whole["output"][0]["input"], input);
        assert_eq!(*said(&whole), expected, "{format} on {input}");
        let events = talk.stream(&fields).await;
        let done = events.iter().find(|event| event.event == "response.output_item.done");
        assert_eq!(done.expect("an end").json()["item"]["transom"]["grammar"], expected);
        let streamed = terminal(&events)["response"].clone();
        assert_eq!(*said(&streamed), expected);
        assert_eq!(*said(&talk.stored(&streamed["id"]).await), expected, "kept as it was told");
    }
    // An input that a limit cut has another status, and is not judged.
    let half = chat().tool_call("call_1", "patch", r#"{"input":"aab"}"#).finish(Finish::Length);
    talk.backend.answer(half);
    let cut = talk.respond(&format!(r#""input":"Go",{}"#, tool(LARK))).await;
    assert_eq!((&cut["output"][0]["status"], said(&cut)), (&"incomplete".into(), &Value::Null));
}

/// The schema that a model server holds to has the expression as a whole, whatever it is.
#[tokio::test]
async fn a_forced_expression_is_anchored_and_checked() {
    let talk = Talk::start().await;
    let fields = format!(r#""input":"Go",{},{FORCED}"#, tool(REGEX));
    for (input, expected) in [("aa", Value::Null), ("ab", "broken".into())] {
        let arguments = format!(r#"{{"input":"{input}"}}"#);
        talk.backend.answer(chat().tool_call("call_1", "patch", &arguments).finish(Finish::Stop));
        let response = talk.respond(&fields).await;
        let sent = talk.sent();
        let schema = &sent["tools"][0]["function"]["parameters"]["properties"]["input"];
        assert_eq!(*schema, json(r#"{"type":"string","pattern":"^(?:a+|b)$"}"#));
        let choice = r#"{"type":"function","function":{"name":"patch"}}"#;
        assert_eq!(sent["tool_choice"], json(choice));
        assert_eq!(*said(&response), expected, "{input}");
    }
}

/// A model server that does not know `structured_outputs` answers what its model likes.
#[tokio::test]
async fn a_forced_grammar_is_checked_where_the_model_server_ignores_it() {
    let talk = Talk::start().await;
    let fields = format!(r#""instructions":"Be brief.","input":"Go",{},{FORCED}"#, tool(LARK));
    for (answer, expected) in [("aaa", Value::Null), ("Sure: aaa", "broken".into())] {
        talk.backend.answer(chat_text(answer));
        let response = talk.respond(&fields).await;
        assert_eq!(response["output"][0]["input"], answer);
        assert_eq!(*said(&response), expected, "{answer}");
    }
    // What holds for this turn only stands in the tool: the messages are the cache's.
    let sent = talk.sent();
    let messages = r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"Go"}]"#;
    assert_eq!(sent["messages"], json(messages));
    let told = sent["tools"][0]["function"]["description"].as_str().unwrap_or_default();
    assert!(told.ends_with("Answer with the input for this tool now, and with nothing else."));
}
