//! Rules for the conversation: roles, contents, tool calls and their answers.

use std::collections::HashSet;

use serde_json::Value;

use super::Findings;
use super::body::is_name;
use crate::backend::settings::SystemRule;

/// Part types vLLM's chat endpoint accepts in a message's content.
const PARTS: [&str; 10] = [
    "text",
    "refusal",
    "image_url",
    "image_embeds",
    "image_pil",
    "audio_url",
    "input_audio",
    "video_url",
    "thinking",
    "file",
];

pub(super) fn check(messages: &[Value], system: SystemRule, findings: &mut Findings) {
    findings.check(!messages.is_empty(), || "`messages` is empty".to_owned());
    let mut calls = Calls::default();
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role != "tool" {
            calls.settle(&format!("message {at} ({role})"), findings);
        }
        content(at, role, message, findings);
        match role {
            "system" | "developer" => {
                let fine = at == 0 || system == SystemRule::Anywhere;
                findings.check(fine, || format!("message {at}: a {role} message not at the front"));
            }
            "assistant" => calls.open(at, message, findings),
            "tool" => calls.answer(at, message, findings),
            "user" => {}
            _ => findings.add(format!("message {at}: unknown role {}", message["role"])),
        }
    }
    calls.settle("the end of the conversation", findings);
}

fn content(at: usize, role: &str, message: &Value, findings: &mut Findings) {
    match &message["content"] {
        Value::String(_) => {}
        Value::Array(parts) => {
            for part in parts {
                let known = part["type"].as_str().is_some_and(|kind| PARTS.contains(&kind));
                findings.check(known, || format!("message {at}: part type {}", part["type"]));
            }
        }
        Value::Null => {
            let carries = ["tool_calls", "reasoning", "reasoning_content", "refusal"];
            let instead = carries.iter().any(|key| !message[*key].is_null());
            findings.check(role == "assistant" && instead, || {
                format!("message {at} ({role}): no content")
            });
        }
        other => findings.add(format!("message {at}: content is {other}")),
    }
}

/// Tool calls of the conversation so far.
#[derive(Default)]
struct Calls {
    seen: HashSet<String>,
    unanswered: Vec<String>,
}

impl Calls {
    fn open(&mut self, at: usize, message: &Value, findings: &mut Findings) {
        let calls = match &message["tool_calls"] {
            Value::Null => return,
            Value::Array(calls) => calls,
            _ => return findings.add(format!("message {at}: `tool_calls` is not an array")),
        };
        findings.check(!calls.is_empty(), || format!("message {at}: `tool_calls` is empty"));
        for call in calls {
            let id = call["id"].as_str().unwrap_or_default().to_owned();
            let name = call["function"]["name"].as_str().unwrap_or_default();
            findings.check(call["type"] == "function", || {
                format!("message {at}: tool call type {}", call["type"])
            });
            findings.check(!id.is_empty() && self.seen.insert(id.clone()), || {
                format!("message {at}: tool call id {id:?} is empty or used twice")
            });
            findings.check(is_name(name), || format!("message {at}: tool name {name:?}"));
            // vLLM parses the arguments of past calls for the chat template and refuses others.
            let arguments = call["function"]["arguments"].as_str();
            let parses = |text: &str| serde_json::from_str::<Value>(text).is_ok();
            findings.check(arguments.is_some_and(parses), || {
                format!("message {at}: arguments of call {id:?} are not JSON in a string")
            });
            self.unanswered.push(id);
        }
    }

    fn answer(&mut self, at: usize, message: &Value, findings: &mut Findings) {
        let id = message["tool_call_id"].as_str().unwrap_or_default();
        match self.unanswered.iter().position(|call| call == id) {
            Some(call) => {
                self.unanswered.remove(call);
            }
            None => findings.add(format!("message {at}: answers {id:?}, which is no open call")),
        }
    }

    fn settle(&mut self, before: &str, findings: &mut Findings) {
        let open = std::mem::take(&mut self.unanswered);
        findings.check(open.is_empty(), || format!("{before}: calls without answer: {open:?}"));
    }
}
