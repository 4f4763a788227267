//! Calls of tools that are not plain functions.

use transom_core::event::{Event, Finish};
use transom_core::item::Item;
use transom_core::transcript::Transcript;

use super::{DONE, call, delta, finish};
use crate::answer::sample::{Counter, ids};
use crate::chat::Decoder;
use crate::responses::item::InputItem;
use crate::responses::request::{Begin, Past, parse};
use transom_core::clock::Timestamp;
use transom_core::id::ResponseId;

const TOOLS: &str = r#"[{"type":"namespace","name":"agents","description":"d","tools":[
    {"type":"function","name":"spawn"},{"type":"custom","name":"note"}]},
    {"type":"function","name":"get"},
    {"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start: /a+/"}}]"#;

/// What a stream becomes where these tools are declared.
fn items(choice: &str, stream: &[String]) -> (Vec<String>, Vec<Event>) {
    let body = format!(r#"{{"model":"m","input":"x","tools":{TOOLS},"tool_choice":{choice}}}"#);
    let source = Counter(std::sync::atomic::AtomicU64::new(1));
    let begin = Begin {
        conversation: None,
        id: ResponseId::fresh(&source),
        created_at: Timestamp::from_millis(0),
        ids: &source,
    };
    let request = parse(body.as_bytes()).unwrap();
    let new = request.input.iter().filter_map(InputItem::as_new).cloned().collect();
    let turn = request.resolve(Past::default(), new, begin).unwrap();
    let mut decoder = Decoder::new(ids()).with_tools(&turn.generation);
    let (mut events, mut transcript) = (Vec::new(), Transcript::new(ids()));
    for data in stream {
        decoder.feed(data.as_bytes(), &mut events).unwrap();
    }
    for event in &events {
        transcript.apply(event).unwrap();
    }
    let told = transcript.entries().iter().map(|entry| match &entry.item {
        Item::FunctionCall(call) => format!("function {:?} {}", call.tool, call.arguments),
        Item::CustomToolCall(call) => format!("custom {:?} {:?}", call.tool, call.input),
        Item::Message(_) => "message".to_owned(),
        other => format!("{other:?}"),
    });
    (told.collect(), events)
}

fn fragment(index: u32, name: &str, arguments: &str) -> String {
    let arguments = serde_json::to_string(arguments).unwrap();
    call(&format!(
        r#"{{"index":{index},"id":"c{index}","function":{{"name":"{name}","arguments":{arguments}}}}}"#
    ))
}

#[test]
fn calls_come_under_the_names_that_were_declared() {
    let stream = [
        fragment(0, "agents__spawn", "{}"),
        fragment(1, "spawn", "{}"),
        fragment(2, "agents__note", r#"{"input":"a\n"#),
        call(r#"{"index":2,"function":{"arguments":"b\"}"}}"#),
        fragment(3, "get", r#"{"a":1}"#),
        fragment(4, "unheard_of", ""),
        fragment(5, "patch", "*** raw"),
        finish("tool_calls"),
        DONE.to_owned(),
    ];
    let (items, _) = items(r#""auto""#, &stream);
    let spawn = r#"function ToolName { namespace: Some("agents"), name: "spawn" } {}"#;
    assert_eq!(
        items,
        [
            spawn,
            spawn,
            r#"custom ToolName { namespace: Some("agents"), name: "note" } "a\nb""#,
            r#"function ToolName { namespace: None, name: "get" } {"a":1}"#,
            r#"function ToolName { namespace: None, name: "unheard_of" } {}"#,
            r#"custom ToolName { namespace: None, name: "patch" } "*** raw""#,
        ]
    );
}

#[test]
fn the_answer_to_a_forced_grammar_is_the_call() {
    let forced = r#"{"type":"custom","name":"patch"}"#;
    let stream = [
        delta(r#""reasoning":"hm""#),
        delta(r#""content":"a""#),
        delta(r#""content":"aa""#),
        finish("stop"),
        DONE.to_owned(),
    ];
    let (found, events) = items(forced, &stream);
    assert_eq!(
        found.last().unwrap(),
        r#"custom ToolName { namespace: None, name: "patch" } "aaa""#
    );
    assert_eq!(found.len(), 2);
    assert!(matches!(events.last(), Some(Event::Finished(Finish::ToolCalls))));
    let (found, events) = items(forced, &[finish("stop"), DONE.to_owned()]);
    assert!(found.is_empty() && matches!(events.last(), Some(Event::Finished(Finish::Stop))));
}
