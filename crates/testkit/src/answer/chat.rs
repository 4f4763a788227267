//! Chat completions as vLLM answers them, written part by part.
//!
//! One description serves both forms: a request with `stream: true` gets chunks, any other gets one
//! object. Faults and waits are parts too; in the plain form they come before the answer.

use super::{Script, Step, script};
use crate::gate::Gate;

mod native;
mod render;

pub use super::chunk::Usage;

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// A token limit.
    Length,
    /// The model called tools; the default of an answer with calls, as with vLLM's `auto`.
    ToolCalls,
    /// A content filter.
    ContentFilter,
    /// The answer ends without saying so: no final chunk, `null` in the plain form.
    Missing,
}

/// The key that carries reasoning text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningKey {
    /// `reasoning`: vLLM since 0.12.
    Reasoning,
    /// `reasoning_content`: older vLLM and other servers.
    ReasoningContent,
    /// Both with the same text: vLLM versions in between.
    Both,
}

/// A chat answer under construction.
#[derive(Clone, Debug)]
pub struct Chat {
    parts: Vec<Part>,
    finish: Option<Finish>,
    usage: UsagePart,
    reasoning_key: ReasoningKey,
    ending: Ending,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Reasoning(String),
    Refusal(String),
    Call { id: String, name: String, arguments: String },
    Event(String),
    Error(String),
    Step(Step),
}

#[derive(Clone, Copy, Debug)]
enum UsagePart {
    Counted,
    Given(Usage),
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    NoDone,
}

/// An answer without any part yet.
pub fn chat() -> Chat {
    Chat {
        parts: Vec::new(),
        finish: None,
        usage: UsagePart::Counted,
        reasoning_key: ReasoningKey::Reasoning,
        ending: Ending::Done,
    }
}

/// A plain text answer.
pub fn chat_text(text: impl Into<String>) -> Chat {
    chat().text(text)
}

/// One tool call per (name, arguments), in parallel, with the ids `call_0`, `call_1`, …
pub fn tool_calls<'a>(calls: impl IntoIterator<Item = (&'a str, &'a str)>) -> Chat {
    calls.into_iter().enumerate().fold(chat(), |chat, (index, (name, arguments))| {
        chat.tool_call(&format!("call_{index}"), name, arguments)
    })
}

impl Chat {
    /// Visible text; a stream sends it word by word.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.part(Part::Text(text.into()))
    }

    /// Reasoning text; a stream sends it word by word.
    #[must_use]
    pub fn reasoning(self, text: impl Into<String>) -> Self {
        self.part(Part::Reasoning(text.into()))
    }

    /// The key the reasoning text goes under.
    #[must_use]
    pub fn reasoning_key(mut self, key: ReasoningKey) -> Self {
        self.reasoning_key = key;
        self
    }

    /// Refusal text in the `refusal` field.
    #[must_use]
    pub fn refusal(self, text: impl Into<String>) -> Self {
        self.part(Part::Refusal(text.into()))
    }

    /// A tool call; the arguments are sent as they are, valid JSON or not.
    #[must_use]
    pub fn tool_call(self, id: &str, name: &str, arguments: &str) -> Self {
        self.part(Part::Call {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        })
    }

    /// The data of one event, verbatim (streams only).
    #[must_use]
    pub fn event(self, data: impl Into<String>) -> Self {
        self.part(Part::Event(data.into()))
    }

    /// An error object in the middle of a 200 stream, followed only by `[DONE]`, as vLLM does it; the
    /// plain form answers 500 with it.
    #[must_use]
    pub fn error(self, object: impl Into<String>) -> Self {
        self.part(Part::Error(object.into()))
    }

    /// Waits at the gate before the next part.
    #[must_use]
    pub fn wait(self, gate: &Gate) -> Self {
        self.step(Step::Wait(gate.clone()))
    }

    /// Any step between two parts, such as [`Step::Reset`] or [`Step::Hang`].
    #[must_use]
    pub fn step(self, step: Step) -> Self {
        self.part(Part::Step(step))
    }

    /// Why the model stopped, instead of `tool_calls` with calls and `stop` without.
    #[must_use]
    pub fn finish(mut self, finish: Finish) -> Self {
        self.finish = Some(finish);
        self
    }

    /// This usage instead of 16 prompt tokens and one token per delta.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = UsagePart::Given(usage);
        self
    }

    /// No usage, even where the request asks for it.
    #[must_use]
    pub fn without_usage(mut self) -> Self {
        self.usage = UsagePart::Absent;
        self
    }

    /// Ends the stream without `[DONE]`.
    #[must_use]
    pub fn without_done(mut self) -> Self {
        self.ending = Ending::NoDone;
        self
    }

    /// The script, to be changed further with [`Script::map`].
    pub fn script(self) -> Script {
        script(move |request| render::answer(&self, request))
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}

impl From<Chat> for Script {
    fn from(chat: Chat) -> Self {
        chat.script()
    }
}
