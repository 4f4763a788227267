//! How a fake backend counts tokens: one for each word, and two around each message.
//!
//! Whatever is asked, the same prompt has the same number: `/tokenize`, the usage of an answer, and
//! the refusal of a prompt that is too long.

use serde::Serialize;
use serde_json::Value;

use super::Request;
use crate::answer::{Answer, errors, json};

/// Tokens of the completion where the request does not limit them: vLLM wants room for one.
const LEAST_ANSWER: u32 = 1;

/// Which server's way of counting the fake has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokenizer {
    /// None, and prompts of any length are answered with a usage that is always the same.
    #[default]
    Absent,
    /// vLLM's `/tokenize`, which takes messages.
    Messages,
    /// llama.cpp's `/apply-template`, and `/tokenize` for what comes out of it.
    Prompts,
    /// No route; what prompts cost stands in the usage of answers alone.
    UsageOnly,
}

impl Tokenizer {
    /// The tokens of a chat's prompt, where the fake counts them.
    pub(super) fn count(self, body: &Value) -> Option<u32> {
        (self != Self::Absent).then(|| words(&prompt(body)))
    }

    /// The answer to a route of a tokenizer; `None`: this is another route, or there is none here.
    pub(super) fn answer(self, request: &Request, max_model_len: u32) -> Option<Answer> {
        let (body, path) = (request.json(), request.path());
        match (self, request.method.as_str(), path) {
            (Self::Messages, "POST", "/tokenize") => Some(counted(&body, max_model_len)),
            (Self::Prompts, "POST", "/apply-template") => {
                Some(to_json(&Prompt { prompt: prompt(&body) }))
            }
            (Self::Prompts, "POST", "/tokenize") => {
                // As llama.cpp answers a body without `content`: with no tokens.
                let tokens = vec![7; words(body["content"].as_str().unwrap_or_default()) as usize];
                Some(to_json(&Tokens { tokens }))
            }
            (Self::Messages, _, "/tokenize") => Some(errors::no_method()),
            _ => None,
        }
    }

    /// The refusal of a chat whose prompt and answer are longer than the model's context.
    pub(super) fn refusal(self, body: &Value, max_model_len: u32) -> Option<Answer> {
        let tokens = self.count(body)?;
        let limit = ["max_completion_tokens", "max_tokens"].map(|name| body[name].as_u64());
        let answer = limit.into_iter().flatten().next();
        let answer = answer.map_or(LEAST_ANSWER, |most| u32::try_from(most).unwrap_or(u32::MAX));
        let too_long = tokens.saturating_add(answer) > max_model_len;
        too_long.then(|| errors::context_too_long(max_model_len, tokens))
    }
}

fn counted(body: &Value, max_model_len: u32) -> Answer {
    let count = words(&prompt(body));
    let tokens = vec![7; count as usize];
    to_json(&Counted { count, max_model_len, tokens, token_strs: None })
}

/// vLLM's answer.
#[derive(Serialize)]
struct Counted {
    count: u32,
    max_model_len: u32,
    tokens: Vec<u32>,
    token_strs: Option<u8>,
}

/// llama.cpp's answers.
#[derive(Serialize)]
struct Prompt {
    prompt: String,
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<u32>,
}

fn to_json(answer: &impl Serialize) -> Answer {
    json(200, serde_json::to_string(answer).expect("an answer serializes"))
}

fn words(text: &str) -> u32 {
    u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX)
}

/// The prompt that messages and tools become.
fn prompt(body: &Value) -> String {
    let mut prompt = String::new();
    texts(&body["tools"], &mut prompt);
    for message in body["messages"].as_array().into_iter().flatten() {
        prompt.push_str("<|start|> ");
        texts(message, &mut prompt);
        prompt.push_str("<|end|> ");
    }
    prompt
}

/// Every text in a value.
fn texts(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push(' ');
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, out)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, out)),
        _ => {}
    }
}
