//! The JSON of chat completions in vLLM's shape and key order.

use serde::Serialize;

/// `usage` of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt, the cached ones included.
    pub prompt: u32,
    /// Tokens of the answer, the reasoning ones included.
    pub completion: u32,
    /// Prompt tokens served from the prefix cache.
    pub cached: u32,
    /// Answer tokens spent on reasoning.
    pub reasoning: u32,
}

/// The fixed creation time of every fake answer, in seconds.
pub(super) const CREATED: u64 = 1_795_228_963;

pub(super) const FINGERPRINT: &str = "vllm-0.32.0-fake";

#[derive(Serialize)]
pub(super) struct Completion<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<UsageBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system_fingerprint: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Choice {
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
    pub(super) logprobs: Option<Logprobs>,
    pub(super) finish_reason: Option<&'static str>,
    pub(super) stop_reason: Option<u32>,
    pub(super) token_ids: Option<Vec<u32>>,
}

/// A text field, for which a missing key and `null` are two things on the wire.
#[derive(Default, Serialize)]
#[serde(untagged)]
pub(super) enum Field {
    #[default]
    Absent,
    Null,
    Text(String),
}

impl Field {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Adds text behind what is there.
    pub(super) fn append(&mut self, addition: Self) {
        match (&mut *self, addition) {
            (_, Self::Absent | Self::Null) => {}
            (Self::Text(text), Self::Text(more)) => text.push_str(&more),
            (empty, more) => *empty = more,
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// A message or a delta.
#[derive(Default, Serialize)]
pub(super) struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) content: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) refusal: Field,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<Call>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) reasoning: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) reasoning_content: Field,
}

#[derive(Clone, Serialize)]
pub(super) struct Call {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u32>,
    pub(super) function: Function,
}

#[derive(Clone, Serialize)]
pub(super) struct Function {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<String>,
}

#[derive(Default, Serialize)]
pub(super) struct Logprobs {
    pub(super) content: Vec<Token>,
}

#[derive(Serialize)]
pub(super) struct Token {
    #[serde(rename = "token")]
    text: String,
    logprob: f64,
    bytes: Vec<u8>,
    top_logprobs: Vec<Token>,
}

impl Token {
    /// A token with `top` alternatives, the first of which is the token itself.
    pub(super) fn new(text: &str, top: u64) -> Self {
        let plain = |logprob| Self {
            text: text.to_owned(),
            logprob,
            bytes: text.as_bytes().to_vec(),
            top_logprobs: Vec::new(),
        };
        let logprobs = [-0.25, -2.5, -4.0, -5.5, -7.0];
        let count = usize::try_from(top).unwrap_or(usize::MAX);
        let alternatives = logprobs.into_iter().take(count).map(plain).collect();
        Self { top_logprobs: alternatives, ..plain(-0.25) }
    }
}

#[derive(Serialize)]
pub(super) struct UsageBody {
    prompt_tokens: u32,
    total_tokens: u32,
    completion_tokens: u32,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u32,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u32,
}

impl From<Usage> for UsageBody {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt,
            total_tokens: usage.prompt + usage.completion,
            completion_tokens: usage.completion,
            prompt_tokens_details: PromptDetails { cached_tokens: usage.cached },
            completion_tokens_details: CompletionDetails { reasoning_tokens: usage.reasoning },
        }
    }
}
