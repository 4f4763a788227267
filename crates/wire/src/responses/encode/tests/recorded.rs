//! Our answers beside those of api.openai.com to the same requests: the same events in the same
//! order, with the same fields.

use std::collections::BTreeSet;

use serde_json::Value;
use transom_core::event::{Delta, Event, Finish, ItemHead};
use transom_core::usage::Usage;
use transom_testkit::recordings::Recorded;
use transom_testkit::{shared, sse};

use crate::responses::sample::{began, call, delta, done, stream, text};

/// Where we differ, as the end of a field's path, and why.
const THEIRS_ONLY: &[(&str, &str)] = &[
    ("/obfuscation", "padding against traffic analysis, which TLS on one host does not need"),
    (
        "added/item[reasoning]/encrypted_content",
        "a sealed nothing: the thoughts have not begun by then",
    ),
    ("[reasoning]/summary[summary_text]", "nobody writes summaries here"),
    ("[reasoning]/summary[summary_text]/text", "nobody writes summaries here"),
    ("[reasoning]/summary[summary_text]/type", "nobody writes summaries here"),
    ("/billing", "nobody is billed"),
    ("/billing/payer", "nobody is billed"),
];
const OURS_ONLY: &[(&str, &str)] = &[
    ("[reasoning]/content", "the thoughts themselves; in OpenAI's schema"),
    ("[reasoning]/status", "in OpenAI's schema, and sent by vLLM"),
    ("arguments.done/name", "required by OpenAI's schema, which is newer than the recordings"),
    ("/frequency_penalty", "in OpenAI's newer recordings"),
    ("/presence_penalty", "in OpenAI's newer recordings"),
];

/// Streams in which no hosted tool took part.
const STREAMS: &[&str] = &[
    "text-single-stream",
    "text-max_output_tokens-incomplete-stream",
    "tool-function-stream",
    "tool-function-tool_loop-step1-stream",
    "tool-function-tool_loop-step2-omit-tools-stream",
];

/// Collects the paths of all fields; elements of arrays are told apart by their type.
fn shape(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    // What the client sent is shown as it came.
    if ["/parameters", "/schema", "/metadata"].iter().any(|end| path.ends_with(end)) {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}/{name}");
                paths.insert(path.clone());
                shape(value, &path, paths);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                let kind = element["type"].as_str().unwrap_or_default();
                let path = format!("{path}[{kind}]");
                shape(element, &path, paths);
            }
        }
        _ => {}
    }
}

fn compare(name: &str, theirs: &BTreeSet<String>, ours: &BTreeSet<String>) {
    let unexplained =
        |left: &BTreeSet<String>, right: &BTreeSet<String>, known: &[(&str, &str)]| {
            let known = |path: &str| known.iter().any(|(end, _)| path.ends_with(end));
            left.difference(right).filter(|path| !known(path)).cloned().collect::<Vec<_>>()
        };
    assert_eq!(unexplained(theirs, ours, THEIRS_ONLY), Vec::<String>::new(), "{name}: we lack");
    assert_eq!(unexplained(ours, theirs, OURS_ONLY), Vec::<String>::new(), "{name}: we add");
}

/// The answer of an OpenAI model as a model server would have given it.
fn retold(response: &Value) -> (Vec<Event>, Finish) {
    let mut events = Vec::new();
    for (index, item) in (0..).zip(response["output"].as_array().unwrap()) {
        match item["type"].as_str().unwrap() {
            "reasoning" => events.push(began(index, ItemHead::Reasoning)),
            "message" => {
                events.push(began(index, ItemHead::Message));
                events.push(text(index, item["content"][0]["text"].as_str().unwrap()));
            }
            "function_call" => {
                let field = |name: &str| item[name].as_str().unwrap();
                events.push(call(index, field("call_id"), field("name")));
                events.push(delta(index, Delta::Arguments(field("arguments").to_owned())));
            }
            other => panic!("an item of a hosted tool: {other}"),
        }
        events.push(done(index));
    }
    events.push(Event::Usage(Usage::default()));
    let cut = response["status"] == "incomplete";
    (events, if cut { Finish::Length } else { Finish::Stop })
}

/// Our stream for a recorded request and answer. Declarations of hosted tools are left out.
fn ours(request: &[u8], response: &Value) -> Vec<sse::Event> {
    let mut request: Value = serde_json::from_slice(request).unwrap();
    if let Some(tools) = request["tools"].as_array_mut() {
        tools.retain(|tool| tool["type"] == "function");
    }
    let (events, finish) = retold(response);
    sse::parse(&stream(&request.to_string(), &events, finish).0)
}

/// Names of events without repetitions of deltas, and without summaries.
fn names(events: &[sse::Event]) -> Vec<&str> {
    let mut names: Vec<_> = events.iter().map(|event| event.event.as_str()).collect();
    names.retain(|name| !name.contains("reasoning_summary"));
    names.dedup_by(|a, b| a == b && a.contains("delta"));
    names
}

fn shapes(events: &[sse::Event]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for event in events.iter().filter(|event| !event.event.contains("reasoning_summary")) {
        let data = event.json();
        match data["item"]["type"].as_str() {
            Some(kind) => {
                shape(&data["item"], &format!("{}/item[{kind}]", event.event), &mut paths);
            }
            None => shape(&data, &event.event, &mut paths),
        }
    }
    // Hosted tools are declared in some recordings and their declarations left out here.
    paths.retain(|path| !path.contains("tools[code_interpreter]"));
    paths
}

#[test]
fn streams_have_the_events_and_fields_of_openais() {
    for name in STREAMS {
        let Some(cassette) = shared::cassette(&format!("responses/{name}")) else { return };
        let Recorded::Stream(bytes) = &cassette.answer else { panic!("{name} is a stream") };
        let theirs = sse::parse(bytes);
        let response = &theirs.last().unwrap().json()["response"];
        let mut ours = ours(&cassette.request, response);
        assert_eq!(ours.pop().unwrap().data, "[DONE]", "design decision 13");
        assert_eq!(names(&theirs), names(&ours), "{name}");
        compare(name, &shapes(&theirs), &shapes(&ours));
    }
}

#[test]
fn objects_have_the_fields_of_openais() {
    for name in ["text-single", "text-max_output_tokens-incomplete", "tool-function"] {
        let Some(cassette) = shared::cassette(&format!("responses/{name}")) else { return };
        let Recorded::Body(bytes) = &cassette.answer else { panic!("{name} is no stream") };
        let theirs: Value = serde_json::from_slice(bytes).unwrap();
        let mut ours = ours(&cassette.request, &theirs);
        ours.pop();
        let ours = ours.pop().unwrap().json()["response"].take();
        let paths = |object: &Value| {
            let mut paths = BTreeSet::new();
            shape(object, "", &mut paths);
            paths.retain(|path| !path.contains("tools[code_interpreter]"));
            paths
        };
        compare(name, &paths(&theirs), &paths(&ours));
    }
}
