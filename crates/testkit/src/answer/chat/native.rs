//! From the parts of a chat answer to the events of vLLM's own `/v1/responses`, with its nulls and its
//! order: an item is announced, grows, is repeated whole, and the last event has the whole response.

use bytes::Bytes;

use super::render::{PROMPT_TOKENS, finish_reason, pieces, usage_of};
use super::{Chat, Part};
use crate::answer::chunk::{CREATED, Usage};
use crate::answer::{Answer, Step, event_stream};
use crate::backend::Request;

pub(super) fn answer(chat: &Chat, request: &Request) -> Answer {
    let body = request.json();
    let tokens = body["include"].is_array().then(|| body["top_logprobs"].as_u64().unwrap_or(0));
    let mut stream = Stream {
        answer: event_stream(Bytes::new()),
        id: format!("resp_{:016x}", request.number),
        model: request.model(),
        tokens,
        number: 0,
        items: Vec::new(),
        open: None,
    };
    // An immediate first step must find no head sent, so nothing is sent before it.
    stream.answer.steps.clear();
    stream.write(chat);
    stream.answer
}

struct Stream {
    answer: Answer,
    id: String,
    model: String,
    /// `top_logprobs` where log probabilities are asked for.
    tokens: Option<u64>,
    /// The next `sequence_number`.
    number: u32,
    /// The items that are done, as JSON.
    items: Vec<String>,
    open: Option<Open>,
}

/// An item that grows.
struct Open {
    kind: Kind,
    id: String,
    text: String,
    refusal: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Message,
    Reasoning,
    Call { id: String, name: String },
}

impl Stream {
    fn write(&mut self, chat: &Chat) {
        let mut begun = false;
        for part in &chat.parts {
            if let Part::Step(step) = part {
                self.answer.steps.push(step.clone());
                continue;
            }
            if !std::mem::replace(&mut begun, true) {
                self.begin();
            }
            if let Part::Error(object) = part {
                self.send(&format!("data: {object}\n\n"));
                return;
            }
            self.part(part);
        }
        if !begun {
            self.begin();
        }
        self.close();
        self.end(chat);
    }

    fn begin(&mut self) {
        for kind in ["created", "in_progress"] {
            let response = self.response("in_progress", "null", "", "null");
            self.event(kind, &format!("\"response\":{response}"));
        }
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Event(event) => self.send(&format!("data: {event}\n\n")),
            Part::Text(text) => self.grow(&Kind::Message, "output_text", text),
            Part::Refusal(text) => self.grow(&Kind::Message, "refusal", text),
            Part::Reasoning(text) => self.grow(&Kind::Reasoning, "reasoning_text", text),
            Part::Call { id, name, arguments } => {
                let kind = Kind::Call { id: id.clone(), name: name.clone() };
                self.grow(&kind, "function_call_arguments", arguments);
                self.close();
            }
            Part::Error(_) | Part::Step(_) => {}
        }
    }

    fn grow(&mut self, kind: &Kind, of: &str, text: &str) {
        if self.open.as_ref().is_none_or(|open| open.kind != *kind) {
            self.close();
            self.open(kind.clone());
        }
        for piece in pieces(text) {
            let Some(open) = &mut self.open else { return };
            let said = if of == "refusal" { &mut open.refusal } else { &mut open.text };
            said.push_str(piece);
            let (id, index) = (open.id.clone(), self.items.len());
            let tokens = match (of, self.tokens) {
                ("output_text", Some(top)) => format!("[{}]", token(piece, top)),
                _ => "[]".to_owned(),
            };
            let delta = quoted(piece);
            let fields = format!(
                "\"content_index\":0,\"delta\":{delta},\"item_id\":\"{id}\",\"logprobs\":{tokens},\
                 \"output_index\":{index}"
            );
            self.event(&format!("{of}.delta"), &fields);
        }
    }

    fn open(&mut self, kind: Kind) {
        let prefix = match kind {
            Kind::Message => "msg",
            Kind::Reasoning => "rs",
            Kind::Call { .. } => "fc",
        };
        let id = format!("{prefix}_{:016x}", self.items.len());
        let open = Open { kind, id, text: String::new(), refusal: String::new() };
        let (item, index) = (open.item("in_progress"), self.items.len());
        self.open = Some(open);
        self.event("output_item.added", &format!("\"item\":{item},\"output_index\":{index}"));
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let (item, index) = (open.item("completed"), self.items.len());
        self.event("output_item.done", &format!("\"item\":{item},\"output_index\":{index}"));
        self.items.push(item);
    }

    fn end(&mut self, chat: &Chat) {
        let Some(reason) = finish_reason(chat) else { return };
        let (status, details) = match reason {
            "length" => ("incomplete", "{\"reason\":\"max_output_tokens\"}"),
            "content_filter" => ("incomplete", "{\"reason\":\"content_filter\"}"),
            _ => ("completed", "null"),
        };
        let usage = usage_of(chat, PROMPT_TOKENS).map_or("null".to_owned(), usage_json);
        let output = self.items.join(",");
        let response = self.response(status, details, &output, &usage);
        // vLLM says so of responses that are incomplete, too.
        self.event("completed", &format!("\"response\":{response}"));
    }

    fn response(&self, status: &str, details: &str, output: &str, usage: &str) -> String {
        let (id, model) = (&self.id, quoted(&self.model));
        format!(
            "{{\"id\":\"{id}\",\"created_at\":{CREATED},\"incomplete_details\":{details},\
             \"instructions\":null,\"metadata\":null,\"model\":{model},\"object\":\"response\",\
             \"output\":[{output}],\"status\":\"{status}\",\"text\":null,\"top_logprobs\":null,\
             \"usage\":{usage},\"user\":null}}"
        )
    }

    fn event(&mut self, kind: &str, fields: &str) {
        let number = self.number;
        self.number += 1;
        self.send(&format!(
            "event: response.{kind}\ndata: {{{fields},\"sequence_number\":{number},\
             \"type\":\"response.{kind}\"}}\n\n"
        ));
    }

    fn send(&mut self, event: &str) {
        self.answer.steps.push(Step::Send(event.to_owned().into()));
    }
}

impl Open {
    fn item(&self, status: &str) -> String {
        let (id, text) = (&self.id, quoted(&self.text));
        match &self.kind {
            Kind::Message => {
                let said = format!(
                    "{{\"annotations\":[],\"text\":{text},\"type\":\"output_text\",\"logprobs\":null}}"
                );
                let refused =
                    format!("{{\"refusal\":{},\"type\":\"refusal\"}}", quoted(&self.refusal));
                let parts = [(&self.text, said), (&self.refusal, refused)];
                let parts = parts.into_iter().filter(|(text, _)| !text.is_empty());
                let parts: Vec<_> = parts.map(|(_, part)| part).collect();
                let content = parts.join(",");
                format!(
                    "{{\"id\":\"{id}\",\"content\":[{content}],\"role\":\"assistant\",\
                     \"status\":\"{status}\",\"type\":\"message\",\"phase\":null}}"
                )
            }
            Kind::Reasoning => {
                let content = match status {
                    "in_progress" => "null".to_owned(),
                    _ => format!("[{{\"text\":{text},\"type\":\"reasoning_text\"}}]"),
                };
                format!(
                    "{{\"id\":\"{id}\",\"summary\":[],\"type\":\"reasoning\",\"content\":{content},\
                     \"encrypted_content\":null,\"status\":\"{status}\"}}"
                )
            }
            Kind::Call { id: call_id, name } => format!(
                "{{\"arguments\":{text},\"call_id\":{},\"name\":{},\"type\":\"function_call\",\
                 \"id\":\"{id}\",\"namespace\":null,\"status\":\"{status}\"}}",
                quoted(call_id),
                quoted(name)
            ),
        }
    }
}

/// A token as vLLM's response streams have it: without `bytes`.
fn token(piece: &str, top: u64) -> String {
    let plain = |logprob: f64| format!("\"token\":{},\"logprob\":{logprob:?}", quoted(piece));
    let logprobs = [-0.25, -2.5, -4.0, -5.5, -7.0];
    let count = usize::try_from(top).unwrap_or(usize::MAX);
    let others = logprobs.into_iter().take(count).map(|other| format!("{{{}}}", plain(other)));
    let others = others.collect::<Vec<_>>().join(",");
    format!("{{{},\"top_logprobs\":[{others}]}}", plain(-0.25))
}

fn usage_json(usage: Usage) -> String {
    let Usage { prompt, completion, cached, reasoning } = usage;
    format!(
        "{{\"input_tokens\":{prompt},\"input_tokens_details\":{{\"cached_tokens\":{cached},\
         \"input_tokens_per_turn\":[]}},\"output_tokens\":{completion},\"output_tokens_details\":\
         {{\"reasoning_tokens\":{reasoning},\"tool_output_tokens\":0}},\"total_tokens\":{}}}",
        prompt + completion
    )
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string serializes")
}
