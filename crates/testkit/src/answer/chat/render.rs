//! From the parts of a chat answer to bytes, in the form the request asks for.

use bytes::Bytes;
use serde_json::Value;

use super::native;
use super::{Chat, Ending, Finish, Part, ReasoningKey, UsagePart};
use crate::answer::chunk::{
    CREATED, Call, Choice, Completion, FINGERPRINT, Field, Function, Logprobs, Message, Token,
    Usage,
};
use crate::answer::{Answer, Step, event_stream, json};
use crate::backend::{RESPONSES, Request};

/// Prompt tokens where the script gives no usage.
pub(super) const PROMPT_TOKENS: u32 = 16;

pub(super) fn answer(chat: &Chat, request: &Request) -> Answer {
    if request.path() == RESPONSES {
        return native::answer(chat, request);
    }
    let reply = Reply::new(chat, request);
    if request.wants_stream() { reply.stream() } else { reply.object() }
}

/// A chat answer together with what the request says about its form.
struct Reply<'a> {
    chat: &'a Chat,
    id: String,
    model: String,
    include_usage: bool,
    /// `top_logprobs` where `logprobs` is asked for.
    top_logprobs: Option<u64>,
    prompt_tokens: u32,
}

impl<'a> Reply<'a> {
    fn new(chat: &'a Chat, request: &Request) -> Self {
        let body = request.json();
        let model = request.model();
        let top_logprobs = (body["logprobs"] == Value::Bool(true))
            .then(|| body["top_logprobs"].as_u64().unwrap_or(0));
        let id = match request.headers.get("x-request-id") {
            // vLLM makes its own id of the one it is sent.
            Some(id) => format!("chatcmpl-{id}"),
            None => format!("chatcmpl-{:016x}", request.number),
        };
        let prompt_tokens = request.prompt_tokens().unwrap_or(PROMPT_TOKENS);
        Self { chat, id, model, include_usage: request.wants_usage(), top_logprobs, prompt_tokens }
    }

    fn stream(&self) -> Answer {
        let mut answer = event_stream(Bytes::new());
        // An immediate first step must find no head sent, so nothing is sent before it.
        answer.steps.clear();
        let role =
            Message { role: Some("assistant"), content: Field::text(""), ..Message::default() };
        let mut opening = Some(self.event(role, None, None));
        let mut failed = false;
        let mut calls = 0;
        for part in &self.chat.parts {
            if let Part::Step(step) = part {
                answer.steps.push(step.clone());
                continue;
            }
            answer.steps.extend(opening.take().map(send));
            failed = matches!(part, Part::Error(_));
            answer.steps.extend(self.part_events(part, &mut calls).into_iter().map(send));
            if failed {
                break;
            }
        }
        answer.steps.extend(opening.take().map(send));
        if !failed {
            answer.steps.extend(self.finish_event().map(send));
            answer.steps.extend(self.usage_event().map(send));
        }
        if self.chat.ending == Ending::Done {
            answer.steps.push(send(data("[DONE]")));
        }
        answer
    }

    fn part_events(&self, part: &Part, calls: &mut u32) -> Vec<String> {
        match part {
            Part::Text(_) | Part::Reasoning(_) | Part::Refusal(_) => {
                let delta = |piece: &str| self.event(self.prose(part, piece), Some(piece), None);
                pieces(prose(part)).map(delta).collect()
            }
            Part::Call { id, name, arguments } => {
                let index = *calls;
                *calls += 1;
                let opening = Function { name: Some(name.clone()), arguments: None };
                let first = call(Some(id), index, opening);
                let rest = pieces(arguments).map(|piece| {
                    call(None, index, Function { name: None, arguments: Some(piece.to_owned()) })
                });
                std::iter::once(first).chain(rest).map(|m| self.event(m, None, None)).collect()
            }
            Part::Event(event) => vec![data(event)],
            Part::Error(object) => vec![data(object)],
            Part::Step(_) => Vec::new(),
        }
    }

    fn object(&self) -> Answer {
        let mut message =
            Message { role: Some("assistant"), content: Field::Null, ..Message::default() };
        message.refusal = Field::Null;
        let mut steps = Vec::new();
        let mut tokens = Logprobs::default();
        for part in &self.chat.parts {
            match part {
                Part::Step(step) => steps.push(step.clone()),
                Part::Error(object) => return with_steps(json(500, object.clone()), steps),
                Part::Call { id, name, arguments } => {
                    let (name, arguments) = (Some(name.clone()), Some(arguments.clone()));
                    let function = Function { name, arguments };
                    let call = Call {
                        id: Some(id.clone()),
                        r#type: Some("function"),
                        index: None,
                        function,
                    };
                    message.tool_calls.push(call);
                }
                Part::Event(_) => {}
                Part::Text(_) | Part::Reasoning(_) | Part::Refusal(_) => {
                    merge(&mut message, self.prose(part, prose(part)));
                    tokens.content.extend(self.tokens(prose(part)));
                }
            }
        }
        let choice = Choice {
            index: 0,
            delta: None,
            message: Some(message),
            logprobs: self.top_logprobs.map(|_| tokens),
            finish_reason: finish_reason(self.chat),
            stop_reason: None,
            token_ids: None,
        };
        let completion = self.completion("chat.completion", vec![choice], self.usage());
        with_steps(json(200, completion), steps)
    }

    fn prose(&self, part: &Part, piece: &str) -> Message {
        let mut message = Message::default();
        let key = self.chat.reasoning_key;
        match part {
            Part::Text(_) => message.content = Field::text(piece),
            Part::Refusal(_) => message.refusal = Field::text(piece),
            _ => {
                if key != ReasoningKey::ReasoningContent {
                    message.reasoning = Field::text(piece);
                }
                if key != ReasoningKey::Reasoning {
                    message.reasoning_content = Field::text(piece);
                }
            }
        }
        message
    }

    fn finish_event(&self) -> Option<String> {
        let reason = finish_reason(self.chat)?;
        Some(self.event(Message::default(), None, Some(reason)))
    }

    fn usage_event(&self) -> Option<String> {
        let usage = self.usage().filter(|_| self.include_usage)?;
        Some(data(&self.completion("chat.completion.chunk", Vec::new(), Some(usage))))
    }

    fn event(&self, delta: Message, piece: Option<&str>, finish: Option<&'static str>) -> String {
        let logprobs = piece.filter(|_| self.top_logprobs.is_some());
        let choice = Choice {
            index: 0,
            delta: Some(delta),
            message: None,
            logprobs: logprobs.map(|piece| Logprobs { content: self.tokens(piece) }),
            finish_reason: finish,
            stop_reason: None,
            token_ids: None,
        };
        data(&self.completion("chat.completion.chunk", vec![choice], None))
    }

    fn completion(
        &self,
        object: &'static str,
        choices: Vec<Choice>,
        usage: Option<Usage>,
    ) -> String {
        let completion = Completion {
            id: &self.id,
            object,
            created: CREATED,
            model: &self.model,
            system_fingerprint: usage.map(|_| FINGERPRINT),
            choices,
            usage: usage.map(Into::into),
        };
        serde_json::to_string(&completion).expect("a completion serializes")
    }

    fn tokens(&self, prose: &str) -> Vec<Token> {
        let top = self.top_logprobs.unwrap_or(0);
        pieces(prose).map(|piece| Token::new(piece, top)).collect()
    }

    fn usage(&self) -> Option<Usage> {
        usage_of(self.chat, self.prompt_tokens)
    }
}

/// What an answer costs.
pub(super) fn usage_of(chat: &Chat, prompt: u32) -> Option<Usage> {
    let count = |text: &str| u32::try_from(pieces(text).count()).unwrap_or(u32::MAX);
    match chat.usage {
        UsagePart::Absent => None,
        UsagePart::Given(usage) => Some(usage),
        UsagePart::Counted => {
            let mut usage = Usage { prompt, completion: 0, cached: 0, reasoning: 0 };
            for part in &chat.parts {
                match part {
                    Part::Reasoning(text) => usage.reasoning += count(text),
                    Part::Call { arguments, .. } => usage.completion += 1 + count(arguments),
                    other => usage.completion += count(prose(other)),
                }
            }
            usage.completion += usage.reasoning;
            Some(usage)
        }
    }
}

pub(super) fn finish_reason(chat: &Chat) -> Option<&'static str> {
    let called = chat.parts.iter().any(|part| matches!(part, Part::Call { .. }));
    let finish = chat.finish.unwrap_or(if called { Finish::ToolCalls } else { Finish::Stop });
    match finish {
        Finish::Stop => Some("stop"),
        Finish::Length => Some("length"),
        Finish::ToolCalls => Some("tool_calls"),
        Finish::ContentFilter => Some("content_filter"),
        Finish::Missing => None,
    }
}

fn prose(part: &Part) -> &str {
    match part {
        Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) => text,
        _ => "",
    }
}

fn merge(message: &mut Message, addition: Message) {
    message.content.append(addition.content);
    message.refusal.append(addition.refusal);
    message.reasoning.append(addition.reasoning);
    message.reasoning_content.append(addition.reasoning_content);
}

fn call(id: Option<&String>, index: u32, function: Function) -> Message {
    let r#type = id.map(|_| "function");
    let call = Call { id: id.cloned(), r#type, index: Some(index), function };
    Message { content: Field::Null, tool_calls: vec![call], ..Message::default() }
}

/// Words with the blank behind each, which is how the fake tokenizes.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

fn data(json: &str) -> String {
    format!("data: {json}\n\n")
}

fn send(event: String) -> Step {
    Step::Send(event.into())
}

fn with_steps(mut answer: Answer, steps: Vec<Step>) -> Answer {
    answer.steps.splice(0..0, steps);
    answer
}
