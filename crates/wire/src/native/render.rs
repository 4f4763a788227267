//! Writes a generation as the body of a request to a model server's own `/v1/responses`.
//!
//! # Layout
//!
//! - this file: which fields go out, in which order.
//! - `input`: the conversation; `tools`: tools and their choice, and the answer's form.
//! - `fields`: what cannot be said there.

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};
use transom_core::request::Generation;

use crate::chat::forced::{self, Forced};
use crate::chat::render::{Fields, RenderOptions, format, messages};

mod fields;
mod input;
mod tools;

/// What a request asks for that a model server's own `/v1/responses` does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{param}` cannot be sent to a model server's own /v1/responses: {what}")]
pub struct Unsupported {
    /// The field of the client's request.
    pub param: String,
    /// What it is about.
    pub what: &'static str,
}

/// The field of the last event's tokens.
const LOGPROBS: &str = "message.output_text.logprobs";

/// The body of the request: always a stream, never stored there, with the whole conversation. It
/// begins like that of a chat completion: [`crate::chat::rename`] exchanges its model.
///
/// Nothing is sent that nobody asked for, so that the server's own defaults hold.
///
/// # Errors
///
/// [`Unsupported`] where the server would refuse the request, or pass over a part of it in silence.
pub fn render(generation: &Generation, options: &RenderOptions) -> Result<Bytes, Unsupported> {
    fields::check(generation)?;
    let messages = messages::of(generation, *options);
    let conversation = input::of(&messages)?;
    let body = Body { generation, conversation };
    let bytes = serde_json::to_vec(&body)
        .unwrap_or_else(|_| unreachable!("strings, numbers and valid JSON are always JSON"));
    Ok(Bytes::from(bytes))
}

struct Body<'a> {
    generation: &'a Generation,
    conversation: input::Conversation<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields::object(serializer, |fields| {
            self.write(fields)?;
            let mut extra = self.generation.extra.iter();
            extra.try_for_each(|(name, json)| fields.put_extra(name, json))
        })
    }
}

impl Body<'_> {
    fn write<M: SerializeMap>(&self, fields: &mut Fields<M>) -> Result<(), M::Error> {
        let generation = self.generation;
        // First, because `rename` looks for it there.
        fields.put("model", &generation.model)?;
        fields.put_some("instructions", self.conversation.instructions.as_ref())?;
        fields.put("input", &self.conversation.items)?;
        fields.put("stream", &true)?;
        fields.put("store", &false)?;
        let forced = forced::of(generation);
        if let Some(offer) = tools::offer(generation) {
            fields.put("tools", &offer.tools)?;
            fields.put("tool_choice", &offer.choice)?;
            let parallel = generation.parallel_tool_calls.filter(|_| forced.is_none());
            fields.put_some("parallel_tool_calls", parallel.as_ref())?;
        }
        if let Some(Forced { grammar, .. }) = &forced {
            fields.put("structured_outputs", &format::StructuredOutputs { grammar })?;
        }
        fields.put_some("text", tools::text(generation, forced.is_some()).as_ref())?;
        fields.put_sampling(&generation.sampling)?;
        fields.put_some("max_output_tokens", generation.max_output_tokens.as_ref())?;
        if let Some(alternatives) = generation.sampling.top_logprobs {
            fields.put("include", &[LOGPROBS])?;
            fields.put("top_logprobs", &alternatives)?;
        }
        let effort = generation.reasoning_effort.as_deref();
        fields.put_some("reasoning", effort.map(|effort| tools::Reasoning { effort }).as_ref())
    }
}

#[cfg(test)]
mod tests;
