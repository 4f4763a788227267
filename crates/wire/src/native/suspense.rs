//! Text that may turn out to be a call.
//!
//! Where a call is demanded, vLLM has the model write it as JSON. Some versions stream that JSON as
//! the text of a message, and only the whole response in the last event has the call. So what looks
//! like it is held back until it is clear what it was.

use serde_json::value::RawValue;
use transom_core::Json;

/// The most text that is held back, in bytes; more is taken for an answer.
const MOST_HELD: usize = 1 << 20;

/// What is done with the text of an answer.
#[derive(Debug, Default)]
pub(super) enum Suspense {
    /// It is the client's.
    #[default]
    Over,
    /// It is held back while it may be a call.
    Holding(Held),
}

/// Text that is held back.
#[derive(Debug, Default)]
pub(super) struct Held {
    text: String,
    logprobs: Vec<Json>,
}

impl Suspense {
    /// Holds the text of an answer that has to be a call.
    pub(super) fn holding() -> Self {
        Self::Holding(Held::default())
    }

    /// Takes in text; `None` while it is held back, or what the client gets now.
    pub(super) fn feed(&mut self, text: &str, logprobs: &[&RawValue]) -> Option<Held> {
        let tokens = logprobs.iter().map(|&token| token.to_owned());
        match self {
            Self::Over => Some(Held { text: text.to_owned(), logprobs: tokens.collect() }),
            Self::Holding(held) => {
                held.text.push_str(text);
                held.logprobs.extend(tokens);
                (!held.may_be_call()).then(|| self.end())
            }
        }
    }

    /// Gives up what is held back, and goes on holding.
    pub(super) fn take(&mut self) -> Held {
        match self {
            Self::Over => Held::default(),
            Self::Holding(held) => std::mem::take(held),
        }
    }

    /// Gives up what is held back; nothing more is.
    pub(super) fn end(&mut self) -> Held {
        match std::mem::take(self) {
            Self::Over => Held::default(),
            Self::Holding(held) => held,
        }
    }
}

impl Held {
    fn may_be_call(&self) -> bool {
        let begun = self.text.trim_ascii_start();
        self.text.len() <= MOST_HELD && (begun.is_empty() || begun.starts_with(['{', '[']))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn logprobs(&self) -> Vec<&RawValue> {
        self.logprobs.iter().map(AsRef::as_ref).collect()
    }
}
