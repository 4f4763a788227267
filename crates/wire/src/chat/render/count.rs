//! Writes the questions after the tokens that the prompt of a generation has.
//!
//! What makes the prompt is written as it is for an answer: messages, tools, and the fields that
//! templates read. What only concerns the answer is left out.

use bytes::Bytes;
use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use transom_core::request::Generation;

use super::{Fields, RenderOptions, bytes, messages, tools};

/// Who is asked, and in which words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// vLLM's `POST /tokenize`.
    Tokenize,
    /// llama.cpp's `POST /apply-template`, whose answer is to be tokenized.
    Template,
    /// A chat completion of one token, whose usage has the count.
    OneToken,
}

/// Fields of the client's own that make a prompt.
const OF_PROMPT: &[&str] =
    &["add_generation_prompt", "continue_final_message", "add_special_tokens"];

/// What vLLM hands to templates beside the client's own arguments, from fields of a chat request.
const DOCUMENTS: &str = "documents";
const TEMPLATE_ARGUMENTS: &str = "chat_template_kwargs";

/// The body of the question.
pub fn ask(generation: &Generation, options: &RenderOptions, question: Question) -> Bytes {
    bytes(&Asked { generation, options: *options, question })
}

struct Asked<'a> {
    generation: &'a Generation,
    options: RenderOptions,
    question: Question,
}

impl Serialize for Asked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields::object(serializer, |fields| self.write(fields))
    }
}

impl Asked<'_> {
    fn write<M: SerializeMap>(&self, fields: &mut Fields<M>) -> Result<(), M::Error> {
        let generation = self.generation;
        // First, because `rename` looks for it there.
        fields.put("model", &generation.model)?;
        fields.put("messages", &messages::of(generation, self.options))?;
        let offer = tools::offer(generation);
        fields.put_some("tools", offer.as_ref().map(|offer| &offer.tools))?;
        match self.question {
            Question::Tokenize => {
                let arguments = TemplateArguments::of(generation);
                fields.put_some(TEMPLATE_ARGUMENTS, arguments.as_ref())?;
            }
            Question::Template | Question::OneToken => {
                // A call that has to come would be cut, and not every server can read half of one.
                let choice = offer.as_ref().map(|offer| offer.choice.unforced());
                fields.put_some("tool_choice", choice.as_ref())?;
                fields.put_some("reasoning_effort", generation.reasoning_effort.as_ref())?;
                for (name, json) in &generation.extra {
                    if [DOCUMENTS, TEMPLATE_ARGUMENTS].contains(&name.as_str()) {
                        fields.put_extra(name, json)?;
                    }
                }
            }
        }
        if self.question == Question::OneToken {
            fields.put("max_completion_tokens", &1)?;
        }
        for (name, json) in &generation.extra {
            if OF_PROMPT.contains(&name.as_str()) {
                fields.put_extra(name, json)?;
            }
        }
        Ok(())
    }
}

/// The arguments that vLLM gives to a template when it answers: `/tokenize` takes all of them in one
/// field.
struct TemplateArguments<'a>(IndexMap<&'a str, Argument<'a>>);

enum Argument<'a> {
    Word(&'a str),
    Json(&'a RawValue),
}

impl<'a> TemplateArguments<'a> {
    fn of(generation: &'a Generation) -> Option<Self> {
        let mut all = IndexMap::new();
        let extra = |wanted: &str| {
            let found = generation.extra.iter().find(|(name, _)| name == wanted);
            found.map(|(_, json)| &**json).filter(|json| json.get() != "null")
        };
        if let Some(arguments) = extra(TEMPLATE_ARGUMENTS) {
            // The shield has seen to it that this is an object.
            let own: IndexMap<&str, &RawValue> =
                serde_json::from_str(arguments.get()).unwrap_or_default();
            all.extend(own.into_iter().map(|(name, json)| (name, Argument::Json(json))));
        }
        if let Some(effort) = &generation.reasoning_effort {
            all.entry("reasoning_effort").or_insert(Argument::Word(effort));
        }
        if let Some(documents) = extra(DOCUMENTS) {
            all.entry(DOCUMENTS).or_insert(Argument::Json(documents));
        }
        (!all.is_empty()).then_some(Self(all))
    }
}

impl Serialize for TemplateArguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

impl Serialize for Argument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;
