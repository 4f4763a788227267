use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use transom_core::event::{Delta, Event, Finish, ItemHead, ItemIndex};
use transom_core::failure::Failure;
use transom_core::item::ItemStatus;
use transom_core::port::store::TurnStatus;
use transom_core::tool::ToolName;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;
use transom_testkit::sse;

use super::Encoder;
use crate::responses::request::{Delivery, Past};
use crate::responses::sample::{
    Counter, END, began, call, delta, done, encoder, resolve, stream, text,
};

mod property;
mod recorded;

const PLAIN: &str = r#"{"model":"m","input":"x","stream":true}"#;

/// A stream without the response objects of its lifecycle events, whose first and last are the
/// subject of another snapshot.
fn brief(stream: &[u8]) -> String {
    sse::parse(stream).iter().fold(String::new(), |mut text, event| {
        let data = match event.data.split_once(r#","response":"#) {
            Some((head, _)) => format!("{head},…"),
            None => event.data.clone(),
        };
        writeln!(text, "{}\n  {data}", event.event).unwrap();
        text
    })
}

fn usage() -> Event {
    Event::Usage(Usage { input: 10, cached: 4, output: 7, reasoning: 3 })
}

#[test]
fn thoughts_text_and_parallel_calls() {
    let thought = |piece: &str| delta(0, Delta::Reasoning(piece.to_owned()));
    let arguments = |item, piece: &str| delta(item, Delta::Arguments(piece.to_owned()));
    let events = [
        Event::Started { model: "served".to_owned() },
        began(0, ItemHead::Reasoning),
        thought("I "),
        thought("think"),
        done(0),
        began(1, ItemHead::Message),
        text(1, "Grüße,\n"),
        text(1, "\"you\""),
        done(1),
        call(2, "call_a", "get"),
        arguments(2, "{\"city\":"),
        call(3, "call_b", "put"),
        arguments(2, "\"Paris\"}"),
        done(2),
        arguments(3, "{}"),
        done(3),
        usage(),
        Event::Finished(Finish::ToolCalls),
    ];
    let body = r#"{"model":"m","input":"x","stream":true,"instructions":"be\nbrief","tools":[
        {"type":"function","name":"get","parameters":{
            "type":"object"}}],"metadata":{"k":"v"},"temperature":0,
        "text":{"format":{"type":"json_schema","name":"s","schema":{},"strict":true}}}"#;
    let (bytes, finished) = stream(body, &events, Finish::ToolCalls);
    insta::assert_snapshot!("parallel_calls", brief(&bytes));
    insta::assert_snapshot!("parallel_calls_object", finished.object.get());
    let last = sse::parse(&bytes).into_iter().rev().nth(1).unwrap();
    assert!(last.data.contains(r#""status":"completed""#), "{}", last.data);
    let ids: Vec<_> = finished.output.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn log_probabilities_and_refusals() {
    let token = "{\"token\":\"a\",\n\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":[]}";
    let logprobs = vec![serde_json::from_str(token).unwrap()];
    let events = [
        began(0, ItemHead::Message),
        delta(0, Delta::Text { text: "a".to_owned(), logprobs }),
        delta(0, Delta::Refusal("I will ".to_owned())),
        delta(0, Delta::Refusal("not".to_owned())),
        done(0),
    ];
    let (bytes, _) = stream(PLAIN, &events, Finish::Stop);
    insta::assert_snapshot!(brief(&bytes));
}

#[test]
fn annotations_are_told_one_by_one_and_shown() {
    let citation = |url: &str| {
        let json = format!(
            r#"{{"type":"url_citation","url":"{url}","title":"","start_index":0,"end_index":1}}"#
        );
        Delta::Annotation(serde_json::from_str(&json).unwrap())
    };
    let events = [
        began(0, ItemHead::Message),
        text(0, "a"),
        delta(0, citation("https://a")),
        delta(0, citation("https://b")),
        done(0),
    ];
    let (bytes, _) = stream(PLAIN, &events, Finish::Stop);
    insta::assert_snapshot!(brief(&bytes));
}

/// The item of a call of `patch` with this input, as the stream and the object show it.
fn patched(format: &str, input: &str, end: Event) -> serde_json::Value {
    let body = format!(
        r#"{{"model":"m","input":"x","stream":true,"tools":[{{"type":"custom","name":"patch","format":{format}}}]}}"#
    );
    let turn = resolve(&body, Past::default()).unwrap();
    let tools = turn.generation.tools;
    let mut encoder =
        Encoder::new(turn.head, Arc::new(Counter::default()), Delivery::Stream).with_tools(&tools);
    let head = ItemHead::CustomToolCall { call_id: "c".to_owned(), tool: ToolName::plain("patch") };
    let mut out = BytesMut::new();
    for event in [began(0, head), delta(0, Delta::Input(input.to_owned())), end] {
        encoder.event(&event, &mut out).unwrap();
    }
    let finished = encoder.finish(Finish::ToolCalls, END, &mut out);
    let object: serde_json::Value = serde_json::from_str(finished.object.get()).unwrap();
    let done = sse::parse(&out).pop().unwrap();
    assert_eq!(done.event, "response.output_item.done");
    let told: serde_json::Value = serde_json::from_str(&done.data).unwrap();
    assert_eq!(told["item"], object["output"][0]);
    let kept: serde_json::Value = serde_json::from_str(finished.output[0].json.get()).unwrap();
    assert_eq!(kept, told["item"]);
    kept["transom"].clone()
}

#[test]
fn a_call_that_breaks_its_grammar_says_so() {
    let lark = r#"{"type":"grammar","syntax":"lark","definition":"start: /a+/"}"#;
    let regex = r#"{"type":"grammar","syntax":"regex","definition":"a+"}"#;
    let unread = r#"{"type":"grammar","syntax":"lark","definition":"start: nothing"}"#;
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let broken = json(
        r#"{"grammar":"broken","message":"The input does not follow the tool's grammar from byte 2 on."}"#,
    );
    let unchecked = json(
        r#"{"grammar":"unchecked","message":"The input was not checked against the tool's grammar: the grammar is not understood here."}"#,
    );
    let nothing = serde_json::Value::Null;
    for (format, input, expected) in [
        (lark, "aaa", &nothing),
        (lark, "aab", &broken),
        (regex, "aaa", &nothing),
        (regex, "aab", &broken),
        (unread, "aab", &unchecked),
        (r#"{"type":"text"}"#, "aab", &nothing),
    ] {
        assert_eq!(patched(format, input, done(0)), *expected, "{format} on {input}");
    }
    // What a limit cut is not whole: its status says so.
    let cut = Event::ItemDone { item: ItemIndex(0), status: ItemStatus::Incomplete };
    assert_eq!(patched(regex, "aab", cut), nothing);
}

#[test]
fn a_cut_answer_is_incomplete_in_object_and_item() {
    let cut = Event::ItemDone { item: ItemIndex(0), status: ItemStatus::Incomplete };
    for (finish, reason) in
        [(Finish::Length, "max_output_tokens"), (Finish::ContentFilter, "content_filter")]
    {
        let (bytes, finished) =
            stream(PLAIN, &[began(0, ItemHead::Message), text(0, "a"), cut.clone()], finish);
        assert_eq!(finished.status, TurnStatus::Incomplete);
        let object: serde_json::Value = serde_json::from_str(finished.object.get()).unwrap();
        assert_eq!(object["incomplete_details"]["reason"], reason);
        assert_eq!(object["output"][0]["status"], "incomplete");
        assert!(object["completed_at"].is_null() && object["usage"].is_null());
        let events = sse::parse(&bytes);
        assert_eq!(events[events.len() - 2].event, "response.incomplete");
        assert_eq!(events[events.len() - 1].data, "[DONE]");
    }
}

#[test]
fn an_empty_answer_is_complete_and_empty() {
    let (bytes, finished) = stream(PLAIN, &[], Finish::Stop);
    assert_eq!(finished.status, TurnStatus::Completed);
    insta::assert_snapshot!(brief(&bytes));
}

#[test]
fn a_failure_says_so_and_keeps_what_was_said() {
    let mut encoder = encoder(PLAIN, Delivery::Stream);
    let mut out = BytesMut::new();
    encoder.begin(&mut out);
    for event in [began(0, ItemHead::Message), text(0, "half"), usage()] {
        encoder.event(&event, &mut out).unwrap();
    }
    let failure = Failure::Upstream(UpstreamError::Stalled { limit: Duration::from_secs(1) });
    let finished = encoder.fail(&failure, &mut out);
    assert_eq!(finished.status, TurnStatus::Failed);
    insta::assert_snapshot!("failure", brief(&out));
    insta::assert_snapshot!("failure_object", finished.object.get());
}

#[test]
fn a_cancelled_answer_is_kept_and_told_to_nobody() {
    let mut encoder = encoder(PLAIN, Delivery::Stream);
    let mut out = BytesMut::new();
    encoder.event(&began(0, ItemHead::Message), &mut out).unwrap();
    encoder.event(&text(0, "half"), &mut out).unwrap();
    let finished = encoder.cancel(&mut BytesMut::new());
    assert_eq!(finished.status, TurnStatus::Cancelled);
    let object: serde_json::Value = serde_json::from_str(finished.object.get()).unwrap();
    assert_eq!((&object["status"], &object["error"]), (&"cancelled".into(), &().into()));
    assert_eq!(object["output"][0]["content"][0]["text"], "half");
}

#[test]
fn a_whole_answer_is_the_object_of_the_stream() {
    let events = [began(0, ItemHead::Message), text(0, "a"), text(0, "b"), done(0), usage()];
    let (_, streamed) = stream(PLAIN, &events, Finish::Stop);
    let mut encoder = encoder(PLAIN, Delivery::Whole);
    let mut out = BytesMut::new();
    encoder.begin(&mut out);
    for event in &events {
        encoder.event(event, &mut out).unwrap();
    }
    let whole = encoder.finish(Finish::Stop, END, &mut out);
    encoder.terminal(&whole, &mut out);
    assert!(out.is_empty());
    assert_eq!(whole.object.get(), streamed.object.get());
}

#[test]
fn thoughts_are_sealed_when_they_have_ended_and_only_where_it_was_asked_for() {
    let asked =
        r#"{"model":"m","input":"x","stream":true,"include":["reasoning.encrypted_content"]}"#;
    let thought = delta(0, Delta::Reasoning("Hm".to_owned()));
    let whole = vec![began(0, ItemHead::Reasoning), thought.clone(), done(0)];
    let cut = vec![began(0, ItemHead::Reasoning), thought];
    for (events, finish) in [(whole.clone(), Finish::Stop), (cut, Finish::Length)] {
        let (bytes, finished) = stream(asked, &events, finish);
        let told = sse::parse(&bytes);
        let sealed: Vec<_> = told
            .iter()
            .filter(|event| event.data.contains(r#""encrypted_content":"sealed 2""#))
            .map(|event| event.event.as_str())
            .collect();
        assert_eq!(sealed[0], "response.output_item.done");
        assert_eq!(sealed.len(), 2, "and the last event: {sealed:?}");
        assert_eq!(told.iter().filter(|event| event.data.contains("encrypted")).count(), 2);
        assert!(finished.output[0].json.get().contains("sealed 2"));
    }
    let (bytes, finished) = stream(PLAIN, &whole, Finish::Stop);
    assert!(!String::from_utf8(bytes).unwrap().contains("encrypted_content"));
    assert!(!finished.object.get().contains("encrypted_content"));
}
