//! Decodes a response stream of a model server to events.

use std::sync::Arc;

use serde_json::value::RawValue;
use transom_core::event::Event;
use transom_core::id::IdSource;
use transom_core::request::Generation;
use transom_core::tool::ToolChoice;
use transom_core::upstream_error::UpstreamError;

use super::event::{self, At, Event as Said, text};
use super::item::ItemKind;
use super::seen::Items;
use super::suspense::Suspense;
use crate::answer::tools::Tools;
use crate::answer::{Answer, Fragment, Prose, protocol};
use crate::error::parse_report;

mod ending;

pub(super) use ending::{failure, is_failure, unfinished};

/// Decodes one stream, event by event, into the same events as
/// [`chat::Decoder`](crate::chat::Decoder) makes of a chat stream: the same answer gives the client the
/// same object, whichever way its server was asked.
///
/// The end is told by the server: with `response.completed`, `response.incomplete` or
/// `response.failed`. A stream without one of them was cut. What follows is ignored. Where the protocol
/// leaves room, or servers do:
///
/// - ids of items are the gateway's own; ids of calls are the server's, unless they clash. The ids in
///   the last event are not those of the stream (vLLM), so nothing is matched by them;
/// - an item that is announced without anything in it is no item, nor is whitespace before a call;
/// - an item that comes only as a whole (at its own end, or within the last event) is taken then;
/// - text that was demanded to be a call is held back until it is clear which of the two it is;
/// - servers that never say that an answer was cut (llama.cpp) are told by the tokens they counted;
/// - events and items of unknown types are skipped.
///
/// After an error the decoder must not be fed again.
pub struct Decoder {
    answer: Answer,
    stage: Stage,
    suspense: Suspense,
    items: Items,
    /// Whether anything has been said, if only in whitespace.
    told: bool,
    expected: Expected,
}

/// What the request says about its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// A call is demanded.
    call: bool,
    /// The most tokens.
    max_output_tokens: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing has come.
    Silent,
    /// The model answers.
    Answering,
    /// `Finished` has been said.
    Done,
}

/// What of an item has come in pieces.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    spoken: bool,
    refused: bool,
    call: Option<u32>,
}

impl Expected {
    pub(crate) fn of(generation: &Generation) -> Self {
        use transom_core::tool::AllowedMode;
        let call = match &generation.tool_choice {
            ToolChoice::Required | ToolChoice::Tool(_) => true,
            ToolChoice::Allowed { mode, .. } => *mode == AllowedMode::Required,
            ToolChoice::Auto | ToolChoice::None => false,
        };
        let forced = crate::chat::forced::of(generation).is_some();
        Self {
            call: call && !forced && !generation.tools.is_empty(),
            max_output_tokens: generation.max_output_tokens,
        }
    }
}

impl Decoder {
    /// A decoder that takes ids for calls to which the model server gave none from `ids`.
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self {
            answer: Answer::new(ids),
            stage: Stage::Silent,
            suspense: Suspense::default(),
            items: Items::default(),
            told: false,
            expected: Expected::default(),
        }
    }

    /// Tells it the calls that the conversation has already; see
    /// [`chat::Decoder`](crate::chat::Decoder::with_known_calls).
    #[must_use]
    pub fn with_known_calls(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.answer.know_calls(ids);
        self
    }

    /// Tells it what the generation asks for: its tools, whether one has to be called, and how long
    /// the answer may be.
    #[must_use]
    pub fn answering(self, generation: &Generation) -> Self {
        self.knowing(Tools::of(generation), Expected::of(generation))
    }

    pub(crate) fn knowing(mut self, tools: Tools, expected: Expected) -> Self {
        self.answer.know_tools(tools);
        if expected.call {
            self.suspense = Suspense::holding();
        }
        self.expected = expected;
        self
    }

    /// Takes in the data of one server-sent event and appends to `out` what it means.
    ///
    /// # Errors
    ///
    /// - [`UpstreamError::Protocol`]: not UTF-8, not an event, a field of the wrong kind, a piece of a
    ///   call that has ended or never began, or too many calls or items;
    /// - [`UpstreamError::Reported`]: an error event, or a response that failed;
    /// - [`UpstreamError::Truncated`]: `[DONE]` before the end.
    pub fn feed(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        let data = data.trim_ascii();
        if self.stage == Stage::Done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            return self.finish();
        }
        let said = event::read_event(data)?;
        if matches!(said, Said::Error) {
            return Err(UpstreamError::Reported(parse_report(data)));
        }
        self.begin(&said, out);
        self.take_in(said, out)
    }

    /// Takes in the clean end of the body. Harmless after the last event.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Truncated`] when the last event has not come.
    pub fn finish(&self) -> Result<(), UpstreamError> {
        match self.stage {
            Stage::Done => Ok(()),
            Stage::Silent | Stage::Answering => Err(unfinished()),
        }
    }

    fn begin(&mut self, said: &Said<'_>, out: &mut Vec<Event>) {
        if self.stage == Stage::Silent {
            self.stage = Stage::Answering;
            let model = match said {
                Said::Working { model } => model.clone().into_owned(),
                Said::Ended(_, response) => text(response.model.as_ref()).to_owned(),
                _ => String::new(),
            };
            out.push(Event::Started { model });
        }
    }

    fn take_in(&mut self, said: Said<'_>, out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        match said {
            Said::Working { .. } | Said::Silent | Said::Other | Said::Error => Ok(()),
            Said::Added(at, item) => self.added(&at, &item.kind, out),
            Said::Done(at, item) => self.done(&at, &item.kind, out),
            Said::Thoughts(at, thoughts) => {
                self.spoke(&at, &thoughts);
                self.release(out)?;
                self.answer.think(&thoughts, out)
            }
            Said::Text(at, text, logprobs) => {
                self.spoke(&at, &text);
                self.text(&text, &logprobs, out)
            }
            Said::Refusal(at, refusal) => self.refusal(&at, &refusal, out),
            Said::Arguments(at, arguments) => self.arguments(&at, &arguments, out),
            Said::Ended(ending, response) => self.ended(ending, &response, out),
        }
    }

    fn added(
        &mut self,
        at: &At<'_>,
        kind: &ItemKind<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        match kind {
            ItemKind::Message(_) => {
                self.answer.another(Prose::Message, out);
                self.items.prose(at)
            }
            ItemKind::Reasoning(_) => {
                self.answer.another(Prose::Reasoning, out);
                self.items.prose(at)
            }
            ItemKind::Call { call_id, name, arguments } => {
                self.release(out)?;
                self.suspense.end();
                self.told = true;
                let index = self.items.call(at)?;
                let fragment = Fragment { index, id: call_id, name, arguments };
                self.answer.call(&fragment, out)?;
                self.spoke(at, arguments);
                Ok(())
            }
            ItemKind::Other => Ok(()),
        }
    }

    /// Takes from a whole item what has not come in pieces.
    fn done(
        &mut self,
        at: &At<'_>,
        kind: &ItemKind<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if matches!(kind, ItemKind::Other) {
            return Ok(());
        }
        let Some(seen) = self.items.at(at) else {
            self.added(at, kind, out)?;
            return self.rest(at, kind, Rest::default(), out);
        };
        let rest = Rest { spoken: seen.spoken, refused: seen.refused, call: seen.call };
        self.rest(at, kind, rest, out)
    }

    fn rest(
        &mut self,
        at: &At<'_>,
        kind: &ItemKind<'_>,
        rest: Rest,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        match kind {
            ItemKind::Message(parts) => parts.iter().try_for_each(|part| {
                if !rest.spoken && !part.said().is_empty() {
                    self.spoke(at, part.said());
                    self.text(part.said(), &[], out)?;
                }
                if rest.refused { Ok(()) } else { self.refusal(at, part.refused(), out) }
            }),
            ItemKind::Reasoning(parts) if !rest.spoken => {
                self.release(out)?;
                parts.iter().try_for_each(|part| {
                    self.spoke(at, part.said());
                    self.answer.think(part.said(), out)
                })
            }
            ItemKind::Call { arguments, .. } if !rest.spoken => match rest.call {
                // An earlier call that never had arguments has been closed with none.
                Some(place) if self.items.is_last_call(place) => self.argue(place, arguments, out),
                _ => Ok(()),
            },
            ItemKind::Reasoning(_) | ItemKind::Call { .. } | ItemKind::Other => Ok(()),
        }
    }

    /// Notes that something of an item has come in pieces.
    fn spoke(&mut self, at: &At<'_>, said: &str) {
        if said.is_empty() {
            return;
        }
        self.told = true;
        if let Some(seen) = self.items.at(at) {
            seen.spoken = true;
        }
    }

    fn refusal(
        &mut self,
        at: &At<'_>,
        refusal: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if refusal.is_empty() {
            return Ok(());
        }
        self.told = true;
        if let Some(seen) = self.items.at(at) {
            seen.refused = true;
        }
        self.release(out)?;
        self.answer.refuse(refusal, out)
    }

    fn text(
        &mut self,
        text: &str,
        tokens: &[&RawValue],
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        match self.suspense.feed(text, tokens) {
            None => Ok(()),
            Some(held) => self.answer.say(held.text(), &held.logprobs(), out),
        }
    }

    /// Says the text that was held back: it was text.
    fn release(&mut self, out: &mut Vec<Event>) -> Result<(), UpstreamError> {
        let held = self.suspense.take();
        self.answer.say(held.text(), &held.logprobs(), out)
    }

    fn arguments(
        &mut self,
        at: &At<'_>,
        arguments: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        let seen = self.items.call_at(at);
        let seen = seen.ok_or_else(|| protocol("arguments of a call that never began"))?;
        seen.spoken |= !arguments.is_empty();
        let place = seen.call.unwrap_or_default();
        self.argue(place, arguments, out)
    }

    fn argue(
        &mut self,
        place: u32,
        arguments: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        self.answer.call(&Fragment { index: place, id: "", name: "", arguments }, out)
    }
}

#[cfg(test)]
mod tests;
