//! Decodes a chat completion stream to events.
//!
//! # Layout
//!
//! - [`Decoder`]: what each chunk means for the answer as a whole: its beginning, usage, its end.
//! - [`crate::answer`]: the items of the answer.

use std::sync::Arc;

use transom_core::event::{Event, Finish};
use transom_core::id::IdSource;
use transom_core::request::Generation;
use transom_core::upstream_error::{Report, UpstreamError};
use transom_core::usage::Usage;

use serde_json::value::RawValue;

use super::annotation;
use super::chunk::{self, CallFragment, Choice, Chunk, Delta, text};
use crate::answer::tools::Tools;
use crate::answer::{Answer, Fragment};
use crate::error::parse_report;
use crate::tap::usage;

/// The answer the gateway asks for. It never asks for more, so others (`index` 1 and up) are
/// skipped.
const CHOICE: u32 = 0;

/// Decodes one stream, event by event.
///
/// The events come in the order of [`transom_core::event`]. The end is told apart from mere
/// silence: an answer is whole when the model server has given a `finish_reason`; then the open
/// items are closed, and usage and [`Event::Finished`] follow, at `[DONE]` or at the end of the
/// body, whichever comes first. What follows `[DONE]`, and what the model seems to say after its
/// `finish_reason`, is ignored.
///
/// How answers map where the protocol leaves room:
///
/// - calls together with `finish_reason: "stop"` (vLLM, when the choice was a named function) are
///   [`Finish::ToolCalls`], and `tool_calls` without any call is [`Finish::Stop`];
/// - an empty answer that was not cut is one message with an empty text;
/// - whitespace before the first real text begins no item: it goes in front of the text when text
///   follows, and is dropped when calls follow or the answer is cut;
/// - a call without arguments gets `{}`, as OpenAI's API gives it, in a delta of its own;
/// - log probabilities stay with text; those of thoughts and calls are dropped.
///
/// After an error the decoder must not be fed again.
pub struct Decoder {
    answer: Answer,
    stage: Stage,
    usage: Option<Usage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing has come.
    Silent,
    /// The model answers.
    Answering,
    /// The model has stopped; usage may follow.
    Stopped(Finish),
    /// `Finished` has been said.
    Done,
}

impl Decoder {
    /// A decoder that takes ids for calls to which the model server gave none from `ids`.
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self { answer: Answer::new(ids), stage: Stage::Silent, usage: None }
    }

    /// Tells it the calls that the conversation has already: a new call with one of their ids gets a
    /// fresh one. Some model servers count their calls from 0 in every answer, and a conversation in
    /// which two calls have one id cannot be continued.
    #[must_use]
    pub fn with_known_calls(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.answer.know_calls(ids);
        self
    }

    /// Tells it the tools that the generation declares: a call then comes under the name and as the
    /// kind that was declared, with the input of a custom tool as text. The call of a tool that
    /// was not declared is a function call.
    #[must_use]
    pub fn with_tools(self, generation: &Generation) -> Self {
        self.knowing(Tools::of(generation))
    }

    pub(crate) fn knowing(mut self, tools: Tools) -> Self {
        self.answer.know_tools(tools);
        self
    }

    /// Takes in the data of one server-sent event and appends to `out` what it means.
    ///
    /// # Errors
    ///
    /// - [`UpstreamError::Protocol`]: not UTF-8, not a chunk, a fragment of a call that has ended or
    ///   never began, or more than [`crate::answer::MAX_TOOL_CALLS`];
    /// - [`UpstreamError::Reported`]: an error object, or a `finish_reason` that tells of a failure
    ///   (`abort`, `error`);
    /// - [`UpstreamError::Truncated`]: `[DONE]` before any `finish_reason`.
    pub fn feed(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        let data = data.trim_ascii();
        if self.stage == Stage::Done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            return self.finish(out);
        }
        let chunk = chunk::read(data)?;
        if chunk.error.is_some() || text(chunk.object.as_ref()) == "error" {
            return Err(UpstreamError::Reported(parse_report(data)));
        }
        self.begin(&chunk, out);
        self.note_usage(&chunk);
        let ours = |choice: &&Choice<'_>| choice.index.unwrap_or(CHOICE) == CHOICE;
        chunk.choices.iter().flatten().filter(ours).try_for_each(|choice| self.choice(choice, out))
    }

    /// Whether the answer has begun: an item has, or the model has stopped. Until then nothing but
    /// [`Event::Started`] has come out, and the request may still be sent elsewhere.
    pub fn has_content(&self) -> bool {
        matches!(self.stage, Stage::Stopped(_) | Stage::Done) || self.answer.has_begun()
    }

    /// Takes in the clean end of the body. Harmless after `[DONE]`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Truncated`] when the model had not stopped.
    pub fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        let finish = match self.stage {
            Stage::Done => return Ok(()),
            Stage::Stopped(finish) => finish,
            Stage::Silent | Stage::Answering => {
                let detail = "the stream ended without a finish_reason".to_owned();
                return Err(UpstreamError::Truncated { detail });
            }
        };
        self.stage = Stage::Done;
        let finish = self.answer.end(finish, out)?;
        out.extend(self.usage.map(Event::Usage));
        out.push(Event::Finished(finish));
        Ok(())
    }

    fn begin(&mut self, chunk: &Chunk<'_>, out: &mut Vec<Event>) {
        if self.stage == Stage::Silent {
            self.stage = Stage::Answering;
            out.push(Event::Started { model: text(chunk.model.as_ref()).to_owned() });
        }
    }

    /// The last report counts: servers that report along the way report growing sums. A report
    /// that cannot be true is no report.
    fn note_usage(&mut self, chunk: &Chunk<'_>) {
        match chunk.usage.map(|raw| usage::parse(raw.get())) {
            None | Some(Ok(None)) => {}
            Some(Ok(usage)) => self.usage = usage,
            Some(Err(usage::Unusable)) => self.usage = None,
        }
    }

    fn choice(&mut self, choice: &Choice<'_>, out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        if self.stage != Stage::Answering {
            return Ok(());
        }
        if let Some(delta) = &choice.delta {
            let logprobs = choice.logprobs.as_ref().and_then(|logprobs| logprobs.content.as_ref());
            self.grow(delta, logprobs.map_or(&[], Vec::as_slice), out)?;
        }
        if let Some(finish) = stopped(text(choice.finish_reason.as_ref()))? {
            self.stage = Stage::Stopped(finish);
        }
        Ok(())
    }
}

impl Decoder {
    /// Takes in one delta: thoughts, then text, then calls, the order in which a model says them.
    fn grow(
        &mut self,
        delta: &Delta<'_>,
        logprobs: &[&RawValue],
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        let thoughts = delta.thoughts();
        self.answer.think(thoughts, out)?;
        let calls = delta.tool_calls.as_deref().unwrap_or_default();
        let elsewhere = !thoughts.is_empty() || !calls.is_empty();
        let logprobs = if elsewhere { &[] } else { logprobs };
        let annotations = delta.annotations.map(annotation::read).unwrap_or_default();
        self.answer.say(text(delta.content.as_ref()), logprobs, out)?;
        self.answer.annotate(annotations, out)?;
        self.answer.refuse(text(delta.refusal.as_ref()), out)?;
        calls
            .iter()
            .enumerate()
            .try_for_each(|(position, call)| self.answer.call(&fragment(position, call), out))
    }
}

fn fragment<'a>(position: usize, call: &'a CallFragment<'_>) -> Fragment<'a> {
    let function = call.function.as_ref();
    Fragment {
        index: call.index.or_else(|| u32::try_from(position).ok()).unwrap_or(u32::MAX),
        id: text(call.id.as_ref()),
        name: text(function.and_then(|function| function.name.as_ref())),
        arguments: text(function.and_then(|function| function.arguments.as_ref())),
    }
}

/// Why the model stopped, from the server's word; `None` while it goes on.
fn stopped(word: &str) -> Result<Option<Finish>, UpstreamError> {
    match word {
        "" => Ok(None),
        "length" => Ok(Some(Finish::Length)),
        "content_filter" => Ok(Some(Finish::ContentFilter)),
        "tool_calls" | "function_call" => Ok(Some(Finish::ToolCalls)),
        "abort" | "error" => {
            let message = format!("the model server gave up: finish_reason `{word}`");
            Err(UpstreamError::Reported(Report { message, ..Report::default() }))
        }
        // vLLM's `repetition` and words to come: the model will not go on, and nothing failed.
        _ => Ok(Some(Finish::Stop)),
    }
}

#[cfg(test)]
mod tests;
