//! Answers that are not chats: text completions, embeddings, model lists, recorded exchanges.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use super::chunk::{CREATED, FINGERPRINT, Usage, UsageBody};
use super::{Answer, Framing, Script, body_of, event_stream, json, script};
use crate::backend::{INFERENCE, Request, ServedModel};
use crate::recordings::{Recorded, Recording};

/// A stream of these lines, each an SSE line without its line end; one event per chunk.
pub fn from_sse_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Answer {
    event_stream(lines.into_iter().collect::<Vec<_>>().join("\n")).by_event()
}

/// What the recorded server answered: status, content type and exact bytes.
pub fn from_recording(recording: &Recording) -> Answer {
    let content_type = recording.header("content-type").unwrap_or("application/json");
    match &recording.answer {
        Recorded::Body(bytes) => body_of(recording.status, content_type, bytes.clone()),
        Recorded::Stream(bytes) => {
            let answer = body_of(recording.status, content_type, bytes.clone());
            answer.framed(Framing::Chunked).by_event()
        }
    }
}

/// vLLM's list of models.
pub fn models<'a>(ids: impl IntoIterator<Item = &'a str>) -> Answer {
    let models: Vec<_> = ids.into_iter().map(ServedModel::from).collect();
    model_list(&models)
}

/// vLLM's list of these models.
pub fn model_list(models: &[ServedModel]) -> Answer {
    let data = models.iter().map(|model| Model {
        id: &model.id,
        object: "model",
        created: CREATED,
        owned_by: "vllm",
        root: &model.id,
        parent: None,
        max_model_len: model.max_model_len,
        permission: [],
    });
    to_json(&List { object: "list", data: data.collect::<Vec<_>>() })
}

/// The part of vLLM's `/openapi.json` that says which routes it has.
pub(crate) fn openapi(absent: &HashSet<String>) -> Answer {
    let routes = INFERENCE.iter().map(|path| (*path, "post"));
    let routes = routes.chain([("/v1/models", "get"), ("/health", "get")]);
    let there = routes.filter(|(path, _)| !absent.contains(*path));
    let paths: Vec<_> =
        there.map(|(path, method)| format!(r#""{path}":{{"{method}":{{}}}}"#)).collect();
    json(200, format!(r#"{{"openapi":"3.1.0","paths":{{{}}}}}"#, paths.join(",")))
}

/// A text completion, stream (word by word) or not as the request asks.
pub fn completion_text(text: impl Into<String>) -> Script {
    let text = text.into();
    script(move |request| completion(&text, request))
}

fn completion(text: &str, request: &Request) -> Answer {
    let model = request.model();
    let model = model.as_str();
    let words: Vec<_> = text.split_inclusive(' ').collect();
    let tokens = u32::try_from(words.len()).unwrap_or(u32::MAX);
    let usage = Usage { prompt: 2, completion: tokens, cached: 0, reasoning: 0 };
    let object = |choices, usage: Option<Usage>| {
        let (usage, system_fingerprint) = (usage.map(Into::into), FINGERPRINT);
        let id = format!("cmpl-{:016x}", request.number);
        let object = "text_completion";
        let text = Text { id, object, created: CREATED, model, choices, system_fingerprint, usage };
        serde_json::to_string(&text).expect("a completion serializes")
    };
    let choice = |text, finish_reason| {
        vec![TextChoice { index: 0, text, logprobs: None, finish_reason, stop_reason: None }]
    };
    if !request.wants_stream() {
        return json(200, object(choice(text, Some("stop")), Some(usage)));
    }
    let mut events: Vec<_> = words.iter().map(|word| object(choice(word, None), None)).collect();
    events.push(object(choice("", Some("stop")), None));
    if request.wants_usage() {
        events.push(object(Vec::new(), Some(usage)));
    }
    events.push("[DONE]".to_owned());
    let lines = events.iter().flat_map(|event| ["data: ", event, "\n\n"]);
    event_stream(lines.collect::<String>()).by_event()
}

/// One small vector per input of the request: `[number of the input, its length in bytes]`.
pub fn embeddings() -> Script {
    script(|request| {
        let body = request.json();
        let inputs = match &body["input"] {
            Value::Array(inputs) => inputs.clone(),
            one => vec![one.clone()],
        };
        let length = |input: &Value| input.as_str().map_or(0, str::len);
        let data = inputs.iter().enumerate().map(|(index, input)| Embedding {
            index,
            object: "embedding",
            vector: [index, length(input)],
        });
        let model = request.model();
        let usage = Usage { prompt: 2, completion: 0, cached: 0, reasoning: 0 };
        let id = format!("embd-{:016x}", request.number);
        let data = data.collect();
        to_json(&Vectors { id, object: "list", created: CREATED, model, data, usage: usage.into() })
    })
}

pub(super) fn to_json(body: &impl Serialize) -> Answer {
    json(200, serde_json::to_string(body).expect("an answer serializes"))
}

#[derive(Serialize)]
struct List<T> {
    object: &'static str,
    data: Vec<T>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
    root: &'a str,
    parent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_model_len: Option<u32>,
    permission: [u8; 0],
}

#[derive(Serialize)]
struct Text<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<TextChoice<'a>>,
    system_fingerprint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageBody>,
}

#[derive(Serialize)]
struct TextChoice<'a> {
    index: u32,
    text: &'a str,
    logprobs: Option<u8>,
    finish_reason: Option<&'static str>,
    stop_reason: Option<u32>,
}

#[derive(Serialize)]
struct Vectors {
    id: String,
    object: &'static str,
    created: u64,
    model: String,
    data: Vec<Embedding>,
    usage: UsageBody,
}

#[derive(Serialize)]
struct Embedding {
    index: usize,
    object: &'static str,
    #[serde(rename = "embedding")]
    vector: [usize; 2],
}
