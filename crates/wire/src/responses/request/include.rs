//! What `include` asks for.

use transom_core::failure::Failure;

use super::Effect;
use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::refuse;

/// A value of `include`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Include {
    /// The value.
    pub name: &'static str,
    /// What becomes of it.
    pub effect: Effect,
    /// What a user should know beyond that.
    pub note: &'static str,
}

/// What a value without effect asks for is there or is not, whether or not it is asked for.
const fn without_effect(name: &'static str, note: &'static str) -> Include {
    Include { name, effect: Effect::WithoutEffect, note }
}

/// Turns log probabilities on.
const LOGPROBS: &str = "message.output_text.logprobs";

/// Adds sealed thoughts.
const SEALED_THOUGHTS: &str = "reasoning.encrypted_content";

const OF_HISTORY: &str = "items of hosted tools are history here: they show every field that their \
                          client sent, and no other";

/// The values that OpenAI knows.
pub const INCLUDES: &[Include] = &[
    Include {
        name: LOGPROBS,
        effect: Effect::Honoured,
        note: "turns log probabilities on, like `top_logprobs`",
    },
    without_effect("code_interpreter_call.outputs", OF_HISTORY),
    without_effect("computer_call_output.output.image_url", OF_HISTORY),
    without_effect("file_search_call.results", OF_HISTORY),
    without_effect(
        "message.input_image.image_url",
        "messages always show the URLs of their pictures",
    ),
    Include {
        name: SEALED_THOUGHTS,
        effect: Effect::Honoured,
        note: "adds `encrypted_content` to reasoning items that have ended: the thoughts, sealed by \
               the gateway for the same team and model name. `content` shows them as well",
    },
    without_effect("web_search_call.action.sources", OF_HISTORY),
    without_effect("web_search_call.results", OF_HISTORY),
];

/// What is to be added to an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Included {
    pub(super) logprobs: bool,
    pub(super) sealed_thoughts: bool,
}

/// Takes `include`.
pub(super) fn read(fields: &mut Object<'_, '_>) -> Result<Included, Failure> {
    let (path, words) = (Path::Root.field("include"), words());
    let mut included = Included::default();
    for (index, raw) in fields.array("include")?.unwrap_or_default().into_iter().enumerate() {
        match read::word(raw, &path.element(index), &words)? {
            LOGPROBS => included.logprobs = true,
            SEALED_THOUGHTS => included.sealed_thoughts = true,
            _ => {}
        }
    }
    Ok(included)
}

/// Whether `include` may have this value, for routes where what could be added is always there.
pub fn check_include(word: &str) -> Result<(), Failure> {
    let words = words();
    if words.contains(&word) {
        return Ok(());
    }
    Err(refuse::wrong_word(&Path::Root.field("include"), word, &words))
}

fn words() -> Vec<&'static str> {
    INCLUDES.iter().map(|value| value.name).collect()
}
