//! The items of an answer while it comes in, whichever protocol it comes in.
//!
//! # Layout
//!
//! - this file: `Answer`, what is open and what is held back.
//! - `calls`: which fragment belongs to which tool call.
//! - `tools`: which tool a call is for; `input`: the input of a custom tool, out of its JSON.

use std::sync::Arc;

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::event::{Delta, Event, Finish, ItemHead, ItemIndex};
use transom_core::id::IdSource;
use transom_core::item::ItemStatus;
use transom_core::tool::ToolName;
use transom_core::transcript::MAX_ITEMS;
use transom_core::upstream_error::UpstreamError;

use calls::{Calls, Place};
use input::InputReader;
use tools::{Callee, Tools};

use crate::logprob;

mod calls;
mod input;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod tools;

/// The most tool calls that one answer may have.
pub const MAX_TOOL_CALLS: usize = 128;

/// The most whitespace that is held back, in bytes; more is taken for an answer.
const MAX_HELD: usize = 4096;

/// The most log probabilities that are held back with it.
const MAX_HELD_LOGPROBS: usize = 256;

/// The most annotations of one answer.
const MAX_ANNOTATIONS: usize = 1024;

/// What is open and what is held back. Prose (text or thoughts) and a call can be open at once:
/// text after a call does not end it, its next fragment may still come.
pub(crate) struct Answer {
    ids: Arc<dyn IdSource>,
    next: u32,
    prose: Option<(Prose, ItemIndex)>,
    call: Option<OpenCall>,
    calls: Calls,
    tools: Tools,
    messages: u32,
    /// Whether text has become a call.
    called: bool,
    /// What grew last: the item that a token limit cuts.
    latest: Option<ItemIndex>,
    held: String,
    held_logprobs: Vec<Json>,
    annotations: usize,
}

/// What is written word by word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prose {
    /// Text for the client.
    Message,
    /// Thoughts.
    Reasoning,
}

struct OpenCall {
    item: ItemIndex,
    kind: CallKind,
}

/// A piece of a tool call.
pub(crate) struct Fragment<'a> {
    /// The place of the call among the calls of the answer, or whatever the server counts them by.
    pub(crate) index: u32,
    /// The server's id of the call, in the first piece.
    pub(crate) id: &'a str,
    /// The name of the tool, in the first piece.
    pub(crate) name: &'a str,
    /// What the arguments grow by.
    pub(crate) arguments: &'a str,
}

enum CallKind {
    /// A function, with or without arguments so far.
    Function { has_arguments: bool },
    /// A custom tool, whose input comes within JSON.
    Custom(InputReader),
    /// A custom tool, whose input is the model's text.
    Verbatim,
}

impl Answer {
    pub(crate) fn new(ids: Arc<dyn IdSource>) -> Self {
        Self {
            ids,
            next: 0,
            prose: None,
            call: None,
            calls: Calls::default(),
            tools: Tools::default(),
            messages: 0,
            called: false,
            latest: None,
            held: String::new(),
            held_logprobs: Vec::new(),
            annotations: 0,
        }
    }

    /// Ids that new calls may not have.
    pub(crate) fn know_calls(&mut self, ids: impl IntoIterator<Item = String>) {
        self.calls.know(ids);
    }

    /// The tools that were declared.
    pub(crate) fn know_tools(&mut self, tools: Tools) {
        self.tools = tools;
    }

    /// Whether any item has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.next > 0
    }

    /// Whether any tool has been called.
    pub(crate) fn has_called(&self) -> bool {
        self.called || !self.calls.is_empty()
    }

    /// Takes in thoughts.
    pub(crate) fn think(
        &mut self,
        thoughts: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if thoughts.is_empty() {
            return Ok(());
        }
        let item = self.prose(Prose::Reasoning, out)?;
        out.push(Event::Delta { item, delta: Delta::Reasoning(thoughts.to_owned()) });
        Ok(())
    }

    /// Takes in text.
    pub(crate) fn say(
        &mut self,
        text: &str,
        logprobs: &[&RawValue],
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        match self.tools.forced().cloned() {
            Some(tool) => self.verbatim(tool, text, out),
            None => self.text(text, logprobs, out),
        }
    }

    /// Takes in a piece of a refusal.
    pub(crate) fn refuse(
        &mut self,
        refusal: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if refusal.is_empty() {
            return Ok(());
        }
        let item = self.prose(Prose::Message, out)?;
        out.push(Event::Delta { item, delta: Delta::Refusal(refusal.to_owned()) });
        Ok(())
    }

    /// Takes in a piece of the call with this place among the calls. The first piece of a call
    /// begins it: it has the name, and the server's id.
    pub(crate) fn call(
        &mut self,
        fragment: &Fragment<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if self.calls.place(fragment.index)? == Place::Next {
            self.begin_call(fragment.id, fragment.name, out)?;
        }
        let Some(call) = &mut self.call else {
            return Err(protocol("a fragment of a tool call that is not open"));
        };
        self.latest = Some(call.item);
        if !fragment.arguments.is_empty() {
            let delta = match &mut call.kind {
                CallKind::Function { has_arguments } => {
                    *has_arguments = true;
                    Some(Delta::Arguments(fragment.arguments.to_owned()))
                }
                CallKind::Custom(reader) => input_delta(reader.feed(fragment.arguments)),
                CallKind::Verbatim => None,
            };
            out.extend(delta.map(|delta| Event::Delta { item: call.item, delta }));
        }
        Ok(())
    }

    /// What the model says next in this way belongs to another item than what it said last.
    pub(crate) fn another(&mut self, kind: Prose, out: &mut Vec<Event>) {
        if self.prose.is_some_and(|(open, _)| open == kind) {
            self.close_prose(out);
        }
    }

    /// Ends the answer: closes what is open and says why the model stopped.
    pub(crate) fn end(
        &mut self,
        finish: Finish,
        out: &mut Vec<Event>,
    ) -> Result<Finish, UpstreamError> {
        let cut = matches!(finish, Finish::Length | Finish::ContentFilter);
        if !cut && self.messages == 0 && self.calls.is_empty() && self.tools.forced().is_none() {
            let item = self.prose(Prose::Message, out)?;
            out.push(Event::Delta { item, delta: self.held_text("", &[]) });
        }
        let latest = self.latest.filter(|_| cut);
        let status = |item: ItemIndex| match latest {
            Some(cut) if cut == item => ItemStatus::Incomplete,
            _ => ItemStatus::Completed,
        };
        let prose = self.prose.take().map(|(_, item)| item);
        if let Some(call) = self.call.take() {
            let call_status = status(call.item);
            close_call(call, call_status, out);
        }
        out.extend(prose.map(|item| Event::ItemDone { item, status: status(item) }));
        Ok(match finish {
            Finish::Length | Finish::ContentFilter => finish,
            _ if self.calls.is_empty() && !self.called => Finish::Stop,
            _ => Finish::ToolCalls,
        })
    }

    fn text(
        &mut self,
        text: &str,
        logprobs: &[&RawValue],
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if text.is_empty() && logprobs.is_empty() {
            return Ok(());
        }
        let in_message = matches!(self.prose, Some((Prose::Message, _)));
        if !in_message && self.holds(text, logprobs) {
            return Ok(());
        }
        let item = self.prose(Prose::Message, out)?;
        out.push(Event::Delta { item, delta: self.held_text(text, logprobs) });
        Ok(())
    }

    /// Takes in annotations: they belong to the message that is open, or begin one. The input of a
    /// forced tool has none.
    pub(crate) fn annotate(
        &mut self,
        annotations: Vec<Json>,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if self.tools.forced().is_some() {
            return Ok(());
        }
        self.annotations += annotations.len();
        if self.annotations > MAX_ANNOTATIONS {
            return Err(protocol("the answer has too many annotations"));
        }
        for annotation in annotations {
            let item = self.prose(Prose::Message, out)?;
            out.push(Event::Delta { item, delta: Delta::Annotation(annotation) });
        }
        Ok(())
    }

    /// Text that is the input of a forced tool. Only the first text is: there is one call.
    fn verbatim(
        &mut self,
        tool: ToolName,
        text: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.called {
            self.close_prose(out);
            self.called = true;
            let call_id = self.calls.id("", self.ids.as_ref());
            let item = self.begin(ItemHead::CustomToolCall { call_id, tool }, out)?;
            self.call = Some(OpenCall { item, kind: CallKind::Verbatim });
        }
        if let Some(OpenCall { item, kind: CallKind::Verbatim }) = &self.call {
            self.latest = Some(*item);
            out.push(Event::Delta { item: *item, delta: Delta::Input(text.to_owned()) });
        }
        Ok(())
    }

    /// Holds back whitespace, from which alone nobody can tell whether an answer begins.
    fn holds(&mut self, text: &str, logprobs: &[&RawValue]) -> bool {
        let fits = self.held.len() + text.len() <= MAX_HELD
            && self.held_logprobs.len() + logprobs.len() <= MAX_HELD_LOGPROBS;
        if !fits || !text.trim_ascii().is_empty() {
            return false;
        }
        let thinking = matches!(self.prose, Some((Prose::Reasoning, _)));
        // Tokens without text are the end of the thoughts, or the first half of a character.
        if !(text.is_empty() && thinking) {
            self.held.push_str(text);
            self.held_logprobs.extend(logprobs.iter().filter_map(|token| logprob::whole(token)));
        }
        true
    }

    /// What was held back, and `text` after it.
    fn held_text(&mut self, text: &str, logprobs: &[&RawValue]) -> Delta {
        let mut all = std::mem::take(&mut self.held);
        all.push_str(text);
        let mut tokens = std::mem::take(&mut self.held_logprobs);
        tokens.extend(logprobs.iter().filter_map(|token| logprob::whole(token)));
        Delta::Text { text: all, logprobs: tokens }
    }

    fn begin_call(
        &mut self,
        id: &str,
        name: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), UpstreamError> {
        if name.is_empty() {
            return Err(protocol("a tool call begins without a function name"));
        }
        self.held.clear();
        self.held_logprobs.clear();
        self.close_prose(out);
        if let Some(call) = self.call.take() {
            close_call(call, ItemStatus::Completed, out);
        }
        let call_id = self.calls.id(id, self.ids.as_ref());
        let (head, kind) = match self.tools.callee(name) {
            Callee::Function(tool) => {
                let kind = CallKind::Function { has_arguments: false };
                (ItemHead::FunctionCall { call_id, tool }, kind)
            }
            Callee::Custom(tool) => {
                let kind = CallKind::Custom(InputReader::default());
                (ItemHead::CustomToolCall { call_id, tool }, kind)
            }
        };
        let item = self.begin(head, out)?;
        self.call = Some(OpenCall { item, kind });
        Ok(())
    }

    /// The open item of this kind, begun if need be.
    fn prose(&mut self, kind: Prose, out: &mut Vec<Event>) -> Result<ItemIndex, UpstreamError> {
        let item = match self.prose {
            Some((open, item)) if open == kind => item,
            _ => {
                self.close_prose(out);
                let item = match kind {
                    Prose::Message => self.begin(ItemHead::Message, out)?,
                    Prose::Reasoning => self.begin(ItemHead::Reasoning, out)?,
                };
                self.messages += u32::from(kind == Prose::Message);
                self.prose = Some((kind, item));
                item
            }
        };
        self.latest = Some(item);
        Ok(item)
    }

    fn close_prose(&mut self, out: &mut Vec<Event>) {
        let done = |(_, item)| Event::ItemDone { item, status: ItemStatus::Completed };
        out.extend(self.prose.take().map(done));
    }

    fn begin(&mut self, head: ItemHead, out: &mut Vec<Event>) -> Result<ItemIndex, UpstreamError> {
        if self.next as usize >= MAX_ITEMS {
            return Err(protocol("the answer has too many items"));
        }
        let item = ItemIndex(self.next);
        self.next += 1;
        out.push(Event::ItemBegan { item, head });
        Ok(item)
    }
}

/// Ends a call. Whole arguments are JSON, so a function call that came without any has none: `{}`.
fn close_call(call: OpenCall, status: ItemStatus, out: &mut Vec<Event>) {
    let item = call.item;
    let delta = match call.kind {
        CallKind::Function { has_arguments: false } if status == ItemStatus::Completed => {
            Some(Delta::Arguments("{}".to_owned()))
        }
        CallKind::Function { .. } | CallKind::Verbatim => None,
        CallKind::Custom(reader) => input_delta(reader.finish()),
    };
    out.extend(delta.map(|delta| Event::Delta { item, delta }));
    out.push(Event::ItemDone { item, status });
}

fn input_delta(text: String) -> Option<Delta> {
    (!text.is_empty()).then_some(Delta::Input(text))
}

/// An answer that breaks the protocol.
pub(crate) fn protocol(detail: &str) -> UpstreamError {
    UpstreamError::Protocol { detail: detail.to_owned() }
}
