//! Writes a generation as the body of a chat completion request.
//!
//! # Layout
//!
//! - [`render`]: which fields go out, in which order; [`rename`]: the same body for another model.
//! - `messages`: items to messages; `message`: the form of one message.
//! - `tools`, `format`: tools with their choice, and the answer's format.
//! - `count`: questions after the tokens that the same prompt has.

use bytes::{Bytes, BytesMut};
use serde::ser::{Serialize, SerializeMap, Serializer};
use transom_core::request::{Generation, Sampling};

use super::forced::{self, Forced};

mod count;
pub(crate) mod format;
pub(crate) mod message;
pub(crate) mod messages;
pub(crate) mod tools;

pub use count::{Question, ask};

/// What is up to the model server and its operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// Which thoughts go back to the model.
    pub reasoning_history: ReasoningHistory,
    /// Under which name.
    pub reasoning_field: ReasoningField,
}

/// Which of the model's earlier thoughts go back to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasoningHistory {
    /// All of them. Which of them the model reads is up to its chat template, which its authors wrote
    /// for it: as a rule those since the last user message. What is sent only grows, so that the
    /// model server's prefix cache holds as far as the template lets it.
    #[default]
    Always,
    /// Those since the last user message, for templates that would show the model all of them although
    /// it was not trained this way. Each new user message takes thoughts out of what was sent before.
    ToolTurn,
    /// None.
    Never,
}

/// The field of an assistant message that takes thoughts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasoningField {
    /// `reasoning`: vLLM.
    #[default]
    Reasoning,
    /// `reasoning_content`: llama.cpp and older vLLM.
    ReasoningContent,
    /// Both, for templates that read either.
    Both,
}

/// The body of the request: always a stream that reports its usage.
///
/// One generation gives the same bytes every time. As long as a conversation only grows, its
/// messages do too: those of an earlier turn are a prefix of those of a later one, byte for byte, so that
/// the model server's prefix cache holds. Only [`ReasoningHistory::ToolTurn`] breaks that, other
/// instructions, and a turn whose input ended with the model's own words: what it said then and what it
/// says next are one message, because many templates want the roles to alternate.
pub fn render(generation: &Generation, options: &RenderOptions) -> Bytes {
    bytes(&Body { generation, options: *options })
}

fn bytes(body: &impl Serialize) -> Bytes {
    let bytes = serde_json::to_vec(body)
        .unwrap_or_else(|_| unreachable!("strings, numbers and valid JSON are always JSON"));
    Bytes::from(bytes)
}

/// How every rendered body begins.
const HEAD: &str = r#"{"model":"#;

/// A rendered body whose model `from` becomes `to`.
pub fn rename(rendered: &Bytes, from: &str, to: &str) -> Bytes {
    if from == to {
        return rendered.clone();
    }
    let rest = after_model(rendered, from);
    let mut body = BytesMut::with_capacity(HEAD.len() + to.len() + 2 + rest.len());
    body.extend_from_slice(HEAD.as_bytes());
    body.extend_from_slice(&quoted(to));
    body.extend_from_slice(&rest);
    body.freeze()
}

/// What follows the model's name in a rendered body: the same for every name.
pub fn after_model(rendered: &Bytes, name: &str) -> Bytes {
    rendered.slice((HEAD.len() + quoted(name).len()).min(rendered.len())..)
}

fn quoted(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).unwrap_or_else(|_| unreachable!("a string is always valid JSON"))
}

struct Body<'a> {
    generation: &'a Generation,
    options: RenderOptions,
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
        fields.put("messages", &messages::of(generation, self.options))?;
        fields.put("stream", &true)?;
        fields.put("stream_options", &format::StreamOptions { include_usage: true })?;
        let forced = forced::of(generation);
        if let Some(offer) = tools::offer(generation) {
            fields.put("tools", &offer.tools)?;
            fields.put("tool_choice", &offer.choice)?;
            let parallel = generation.parallel_tool_calls.filter(|_| forced.is_none());
            fields.put_some("parallel_tool_calls", parallel.as_ref())?;
        }
        match forced {
            Some(Forced { grammar, .. }) => {
                fields.put("structured_outputs", &format::StructuredOutputs { grammar })?;
            }
            None => {
                fields
                    .put_some("response_format", format::of(&generation.output_format).as_ref())?;
            }
        }
        fields.put_sampling(&generation.sampling)?;
        fields.put_some("max_completion_tokens", generation.max_output_tokens.as_ref())?;
        if let Some(alternatives) = generation.sampling.top_logprobs {
            fields.put("logprobs", &true)?;
            fields.put("top_logprobs", &alternatives)?;
        }
        fields.put_some("reasoning_effort", generation.reasoning_effort.as_ref())?;
        fields.put_some("verbosity", generation.verbosity.as_ref())
    }
}

/// Writes fields and remembers their names: a field of ours cannot be written over.
pub(crate) struct Fields<M> {
    map: M,
    written: Vec<&'static str>,
}

impl<M: SerializeMap> Fields<M> {
    /// Writes an object with these fields.
    pub(crate) fn object<S: Serializer<SerializeMap = M, Ok = M::Ok, Error = M::Error>>(
        serializer: S,
        write: impl FnOnce(&mut Self) -> Result<(), M::Error>,
    ) -> Result<M::Ok, M::Error> {
        let mut fields = Self { map: serializer.serialize_map(None)?, written: Vec::new() };
        write(&mut fields)?;
        fields.map.end()
    }

    /// The settings of sampling that have one name in every protocol.
    pub(crate) fn put_sampling(&mut self, sampling: &Sampling) -> Result<(), M::Error> {
        self.put_some("temperature", sampling.temperature.as_ref())?;
        self.put_some("top_p", sampling.top_p.as_ref())?;
        self.put_some("presence_penalty", sampling.presence_penalty.as_ref())?;
        self.put_some("frequency_penalty", sampling.frequency_penalty.as_ref())
    }

    pub(crate) fn put<T: Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.written.push(name);
        self.map.serialize_entry(name, value)
    }

    pub(crate) fn put_some<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(name, value))
    }

    pub(crate) fn put_extra<T: Serialize>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), M::Error> {
        if self.written.contains(&name) {
            return Ok(());
        }
        self.map.serialize_entry(name, value)
    }
}

#[cfg(test)]
mod tests;
