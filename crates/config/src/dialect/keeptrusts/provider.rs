//! Provider strings: `vllm`, `vllm:chat:<model>`, and those of other servers.

use transom_core::model::Mode;

use crate::value::{Invalid, unknown_word};

/// The kinds that a provider string of vLLM may name.
const KINDS: [(&str, Mode); 3] =
    [("chat", Mode::Chat), ("completion", Mode::Completion), ("embedding", Mode::Embedding)];

/// Vendors whose servers speak the API of OpenAI, as far as their own documentation says.
const COMPATIBLE: [&str; 22] = [
    "openai",
    "openai-compatible",
    "openai_compatible",
    "aimlapi",
    "alibaba",
    "cerebras",
    "deepseek",
    "fireworks",
    "groq",
    "litellm",
    "llama.cpp",
    "llamaApi",
    "llamacpp",
    "lmstudio",
    "localai",
    "mistral",
    "ollama",
    "openrouter",
    "sglang",
    "together",
    "truefoundry",
    "xai",
];

/// The vendor of most targets here.
const VLLM: &str = "vllm";

/// A provider string, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provider<'a> {
    /// Who made the server.
    pub(super) vendor: Vendor,
    /// What it can be asked for.
    pub(super) mode: Mode,
    /// The model, when the string names one.
    pub(super) model: Option<&'a str>,
}

/// Who made a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    /// vLLM.
    Vllm,
    /// Someone else whose servers speak the API of OpenAI.
    Compatible,
    /// Someone else.
    Other,
}

impl<'a> Provider<'a> {
    /// Model names may hold further colons: only the first two separate.
    pub(super) fn parse(text: &'a str) -> Result<Self, Invalid> {
        let (vendor, rest) = match text.split_once(':') {
            Some((vendor, rest)) => (vendor, Some(rest)),
            None => (text, None),
        };
        if rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(':')) {
            return Err(Invalid::new(format!("`{text}` ends without a model"))
                .hint("write vllm:chat:<model>, or vllm alone"));
        }
        if rest.is_some_and(|rest| rest.contains('*')) {
            return Err(Invalid::new("a model's name holds no `*`")
                .hint("vllm alone stands for every model of the server"));
        }
        let split = rest.and_then(|rest| rest.split_once(':'));
        let kind = split.and_then(|(word, model)| Some((kind(word)?, model)));
        match (vendor, rest, kind) {
            (VLLM, None, _) => Ok(Self { vendor: Vendor::Vllm, mode: Mode::Any, model: None }),
            (VLLM, Some(_), Some((mode, model))) => {
                Ok(Self { vendor: Vendor::Vllm, mode, model: Some(model) })
            }
            (VLLM, Some(rest), None) => Err(match split {
                Some((word, _)) => unknown_word(word, &KINDS.map(|(word, _)| word)),
                None => Invalid::new(format!("`{text}` does not say what the model is for"))
                    .hint(format!("write vllm:chat:{rest}")),
            }),
            (other, rest, kind) => {
                let (mode, model) =
                    kind.map_or((Mode::Chat, rest), |(mode, name)| (mode, Some(name)));
                Ok(Self { vendor: Vendor::of(other), mode, model })
            }
        }
    }
}

impl Vendor {
    fn of(word: &str) -> Self {
        if COMPATIBLE.contains(&word) { Self::Compatible } else { Self::Other }
    }
}

fn kind(word: &str) -> Option<Mode> {
    KINDS.iter().find(|(known, _)| *known == word).map(|(_, mode)| *mode)
}
