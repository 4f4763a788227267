//! The `usage` object of the chat, completions and embeddings protocols, and that of responses.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use transom_core::usage::Usage;

/// The most tokens that one call can plausibly have used. No model has a context of a billion
/// tokens; a larger count is a defect of the model server and must not reach anybody's budget.
pub const MAX_PLAUSIBLE_TOKENS: u64 = 1_000_000_000;

/// Usage that cannot be true: negative, not a whole number, larger than
/// [`MAX_PLAUSIBLE_TOKENS`], or without any of its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model server reported usage that cannot be true")]
pub struct Unusable;

/// `usage` as model servers write it.
///
/// Reading it never fails over a wrong count: a bad number must cost the number, not the answer.
/// [`WireUsage::into_usage`] tells good from bad.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WireUsage {
    prompt_tokens: Count,
    completion_tokens: Count,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
}

/// `usage` of a model server's own responses; its counts have other names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NativeUsage {
    input_tokens: Count,
    output_tokens: Count,
    input_tokens_details: Option<PromptDetails>,
    output_tokens_details: Option<CompletionDetails>,
}

/// One count, as far as it is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Count {
    /// Missing or `null`.
    #[default]
    Absent,
    /// A whole number of tokens within the plausible.
    Tokens(u64),
    /// Anything else.
    Bad,
}

impl WireUsage {
    /// The counts in the gateway's words. Details are cut to what they are a part of.
    pub fn into_usage(self) -> Result<Usage, Unusable> {
        if self.prompt_tokens == Count::Absent && self.completion_tokens == Count::Absent {
            return Err(Unusable);
        }
        let cached = self.prompt_tokens_details.unwrap_or_default().cached_tokens;
        let reasoning = self.completion_tokens_details.unwrap_or_default().reasoning_tokens;
        let (input, output) = (self.prompt_tokens.tokens()?, self.completion_tokens.tokens()?);
        Ok(Usage {
            input,
            cached: cached.tokens()?.min(input),
            output,
            reasoning: reasoning.tokens()?.min(output),
        })
    }
}

/// Reads a `usage` value: `Ok(None)` when it is `null`.
pub fn parse(json: &str) -> Result<Option<Usage>, Unusable> {
    match serde_json::from_str::<Option<WireUsage>>(json) {
        Ok(None) => Ok(None),
        Ok(Some(usage)) => usage.into_usage().map(Some),
        Err(_) => Err(Unusable),
    }
}

/// Reads the `usage` value of a model server's own response, likewise.
pub fn parse_native(json: &str) -> Result<Option<Usage>, Unusable> {
    let Some(usage) = serde_json::from_str::<Option<NativeUsage>>(json).map_err(|_| Unusable)?
    else {
        return Ok(None);
    };
    let usage = WireUsage {
        prompt_tokens: usage.input_tokens,
        completion_tokens: usage.output_tokens,
        prompt_tokens_details: usage.input_tokens_details,
        completion_tokens_details: usage.output_tokens_details,
    };
    usage.into_usage().map(Some)
}

impl Count {
    fn of(tokens: u64) -> Self {
        if tokens <= MAX_PLAUSIBLE_TOKENS { Self::Tokens(tokens) } else { Self::Bad }
    }

    fn tokens(self) -> Result<u64, Unusable> {
        match self {
            Self::Absent => Ok(0),
            Self::Tokens(tokens) => Ok(tokens),
            Self::Bad => Err(Unusable),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

/// Accepts every JSON value and keeps only plausible counts.
struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number of tokens")
    }

    fn visit_u64<E>(self, tokens: u64) -> Result<Count, E> {
        Ok(Count::of(tokens))
    }

    fn visit_i64<E>(self, tokens: i64) -> Result<Count, E> {
        Ok(u64::try_from(tokens).map_or(Count::Bad, Count::of))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Count, E> {
        Ok(Count::Bad)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count::Bad)
    }

    fn visit_str<E>(self, _: &str) -> Result<Count, E> {
        Ok(Count::Bad)
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count::Bad)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count::Bad)
    }
}
