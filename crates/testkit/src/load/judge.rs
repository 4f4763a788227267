//! What an answer was, from its events or its body.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{End, Road};
use crate::answer::canary;
use crate::sse::Event;

/// The parts of a chat delta that are content.
const CONTENT: [&str; 5] = ["content", "reasoning", "reasoning_content", "refusal", "tool_calls"];

/// Notes of one answer.
#[derive(Debug)]
pub(super) struct Judge {
    road: Road,
    verdict: Option<End>,
    pub(super) has_content: bool,
    pub(super) models: BTreeSet<String>,
    pub(super) marks: BTreeSet<String>,
}

impl Judge {
    pub(super) fn new(road: Road) -> Self {
        let (models, marks) = (BTreeSet::new(), BTreeSet::new());
        Self { road, verdict: None, has_content: false, models, marks }
    }

    /// One event of a stream.
    pub(super) fn event(&mut self, event: &Event) {
        if event.data == "[DONE]" {
            self.verdict.get_or_insert(End::Whole);
            return;
        }
        let data = self.look(&event.data);
        match self.road {
            Road::Chat if !data["error"].is_null() => self.told(&data["error"]),
            Road::Chat => {
                let delta = &data["choices"][0]["delta"];
                self.has_content |= CONTENT.iter().any(|part| is_filled(&delta[part]));
            }
            Road::Responses => {
                let kind = data["type"].as_str().unwrap_or_default();
                self.has_content |= kind.rsplit('.').next() == Some("delta");
                match kind {
                    "response.failed" => self.told(&data["response"]["error"]),
                    "error" => self.told(&data),
                    "response.completed" | "response.incomplete" => {
                        self.verdict.get_or_insert(End::Whole);
                    }
                    _ => {}
                }
            }
        }
    }

    /// How the stream ended, once its body was complete.
    pub(super) fn end_of_stream(&mut self) -> End {
        let unfinished = || End::Cut("the stream has no last event".to_owned());
        self.verdict.take().unwrap_or_else(unfinished)
    }

    /// How a complete body of this status ended the request.
    pub(super) fn body(&mut self, status: u16, body: &[u8]) -> End {
        let data = self.look(&String::from_utf8_lossy(body));
        if !(200..300).contains(&status) {
            return End::Refused(status, code(&data["error"]));
        }
        let whole = match (self.road, data["status"].as_str()) {
            (Road::Responses, Some("failed")) => return End::Told(code(&data["error"])),
            (Road::Responses, status) => matches!(status, Some("completed" | "incomplete")),
            (Road::Chat, _) => data["choices"].is_array(),
        };
        self.has_content |= whole;
        if whole { End::Whole } else { End::Cut("a body that is no answer".to_owned()) }
    }

    fn look(&mut self, text: &str) -> Value {
        self.marks.extend(canary::marks(text));
        let data: Value = serde_json::from_str(text).unwrap_or_default();
        for holder in [&data["model"], &data["response"]["model"]] {
            self.models.extend(holder.as_str().map(str::to_owned));
        }
        data
    }

    fn told(&mut self, error: &Value) {
        self.verdict.get_or_insert(End::Told(code(error)));
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// The `code` of an error object, or its `type`.
fn code(error: &Value) -> String {
    match (&error["code"], &error["type"]) {
        (Value::String(code), _) | (_, Value::String(code)) => code.clone(),
        (code, _) => code.to_string(),
    }
}
