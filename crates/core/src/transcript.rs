//! Folds the one stream into items: the only place that accumulates deltas.

use std::sync::Arc;

use crate::content::{Part, Text};
use crate::event::{Delta, Event, Finish, ItemHead, ItemIndex};
use crate::id::{IdSource, ItemId};
use crate::item::{
    Conformity, CustomToolCall, FunctionCall, Item, ItemStatus, Message, Reasoning, Role, Sealed,
};
use crate::usage::Usage;

/// The most bytes of text, thoughts and arguments that one answer may have.
pub const MAX_ANSWER_BYTES: usize = 64 << 20;

/// The most items that one answer may have.
pub const MAX_ITEMS: usize = 1024;

/// A stream that broke the rules of [`crate::event`], or outgrew its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A delta or an end for an item that is not open.
    #[error("an event for an item that is not open")]
    NotOpen,
    /// An item began out of turn.
    #[error("an item began out of turn")]
    OutOfTurn,
    /// A delta that does not fit the kind of its item.
    #[error("a delta of the wrong kind for its item")]
    WrongKind,
    /// Something came after the end.
    #[error("an event after the end")]
    AfterEnd,
    /// Usage came twice.
    #[error("usage came twice")]
    UsageTwice,
    /// The answer outgrew [`MAX_ANSWER_BYTES`] or [`MAX_ITEMS`].
    #[error("the answer is too large")]
    TooLarge,
}

/// One item of the answer so far. Its status is `InProgress` until it is done.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The item's id, fixed when it begins.
    pub id: ItemId,
    /// The item as far as it has come.
    pub item: Item,
}

/// An answer as far as it has come.
pub struct Transcript {
    ids: Arc<dyn IdSource>,
    entries: Vec<Entry>,
    usage: Option<Usage>,
    finish: Option<Finish>,
    bytes: usize,
}

impl Transcript {
    /// An empty answer whose items get their ids from `ids`.
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self { ids, entries: Vec::new(), usage: None, finish: None, bytes: 0 }
    }

    /// Takes one event in.
    pub fn apply(&mut self, event: &Event) -> Result<(), Violation> {
        if self.finish.is_some() {
            return Err(Violation::AfterEnd);
        }
        match event {
            Event::Started { .. } => Ok(()),
            Event::ItemBegan { item, head } => self.begin(*item, head),
            Event::Delta { item, delta } => self.grow(*item, delta),
            Event::ItemDone { item, status } => {
                *status_mut(self.open(*item)?) = *status;
                Ok(())
            }
            Event::Usage(usage) => match self.usage.replace(*usage) {
                None => Ok(()),
                Some(_) => Err(Violation::UsageTwice),
            },
            Event::Finished(finish) => {
                self.finish = Some(*finish);
                Ok(())
            }
        }
    }

    /// Ends every open item with `status`: what a cut or failed answer leaves behind.
    pub fn close(&mut self, status: ItemStatus) {
        for entry in &mut self.entries {
            let current = status_mut(&mut entry.item);
            if *current == ItemStatus::InProgress {
                *current = status;
            }
        }
    }

    /// Puts the sealed form beside thoughts that have ended and have none yet.
    pub fn seal_thoughts(&mut self, seal: impl Fn(&[String]) -> String) {
        for entry in &mut self.entries {
            if let Item::Reasoning(reasoning) = &mut entry.item
                && reasoning.status != ItemStatus::InProgress
                && reasoning.encrypted_content.is_none()
            {
                reasoning.encrypted_content = Some(Sealed::shut(seal(&reasoning.content)));
            }
        }
    }

    /// The items so far, in the order in which they began.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Notes whether the input of a custom tool follows its grammar.
    pub fn note(&mut self, index: ItemIndex, conformity: Conformity) {
        if let Some(Entry { item: Item::CustomToolCall(call), .. }) =
            self.entries.get_mut(index.0 as usize)
        {
            call.conformity = conformity;
        }
    }

    /// One item.
    pub fn entry(&self, index: ItemIndex) -> Option<&Entry> {
        self.entries.get(index.0 as usize)
    }

    /// What the answer cost, if the model server has said so.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Why the model stopped, once it has.
    pub fn finish(&self) -> Option<Finish> {
        self.finish
    }

    fn begin(&mut self, index: ItemIndex, head: &ItemHead) -> Result<(), Violation> {
        if index.0 as usize != self.entries.len() {
            return Err(Violation::OutOfTurn);
        }
        if self.entries.len() == MAX_ITEMS {
            return Err(Violation::TooLarge);
        }
        let mut item = begun(head);
        let id = ItemId::fresh(item.id_prefix(), self.ids.as_ref());
        *item.id_mut() = Some(id.clone());
        self.entries.push(Entry { id, item });
        Ok(())
    }

    fn grow(&mut self, index: ItemIndex, delta: &Delta) -> Result<(), Violation> {
        self.bytes += size(delta);
        if self.bytes > MAX_ANSWER_BYTES {
            return Err(Violation::TooLarge);
        }
        match (self.open(index)?, delta) {
            (Item::Message(message), Delta::Text { text, logprobs }) => {
                let part = text_part(&mut message.content);
                part.text.push_str(text);
                part.logprobs.extend(logprobs.iter().cloned());
            }
            (Item::Message(message), Delta::Annotation(annotation)) => {
                text_part(&mut message.content).annotations.push(annotation.clone());
            }
            (Item::Message(message), Delta::Refusal(piece)) => {
                refusal_part(&mut message.content).push_str(piece);
            }
            (Item::Reasoning(reasoning), Delta::Reasoning(piece)) => {
                match reasoning.content.first_mut() {
                    Some(text) => text.push_str(piece),
                    None => reasoning.content.push(piece.clone()),
                }
            }
            (Item::FunctionCall(call), Delta::Arguments(piece)) => call.arguments.push_str(piece),
            (Item::CustomToolCall(call), Delta::Input(piece)) => call.input.push_str(piece),
            _ => return Err(Violation::WrongKind),
        }
        Ok(())
    }

    fn open(&mut self, index: ItemIndex) -> Result<&mut Item, Violation> {
        let entry = self.entries.get_mut(index.0 as usize).ok_or(Violation::NotOpen)?;
        match status_mut(&mut entry.item) {
            ItemStatus::InProgress => Ok(&mut entry.item),
            ItemStatus::Completed | ItemStatus::Incomplete => Err(Violation::NotOpen),
        }
    }
}

fn begun(head: &ItemHead) -> Item {
    let status = ItemStatus::InProgress;
    match head {
        ItemHead::Message => {
            let (role, content, phase) = (Role::Assistant, Vec::new(), None);
            Item::Message(Message { id: None, role, content, phase, status })
        }
        ItemHead::Reasoning => Item::Reasoning(Reasoning {
            id: None,
            summary: Vec::new(),
            content: Vec::new(),
            encrypted_content: None,
            status,
        }),
        ItemHead::FunctionCall { call_id, tool } => Item::FunctionCall(FunctionCall {
            id: None,
            call_id: call_id.clone(),
            tool: tool.clone(),
            arguments: String::new(),
            status,
        }),
        ItemHead::CustomToolCall { call_id, tool } => Item::CustomToolCall(CustomToolCall {
            id: None,
            call_id: call_id.clone(),
            tool: tool.clone(),
            input: String::new(),
            status,
            conformity: Conformity::Unasked,
        }),
    }
}

fn status_mut(item: &mut Item) -> &mut ItemStatus {
    match item {
        Item::Message(item) => &mut item.status,
        Item::Reasoning(item) => &mut item.status,
        Item::FunctionCall(item) => &mut item.status,
        Item::CustomToolCall(item) => &mut item.status,
        Item::FunctionCallOutput(_)
        | Item::CustomToolCallOutput(_)
        | Item::Compaction(_)
        | Item::Hosted(_) => {
            unreachable!("no event makes such an item")
        }
    }
}

/// The message's text part, which exists from its first delta on.
fn text_part(content: &mut Vec<Part>) -> &mut Text {
    let at = content.iter().position(|part| matches!(part, Part::Text(_))).unwrap_or_else(|| {
        content.push(Part::Text(Text::default()));
        content.len() - 1
    });
    match &mut content[at] {
        Part::Text(text) => text,
        _ => unreachable!("found or made as text"),
    }
}

/// The message's refusal part, likewise.
fn refusal_part(content: &mut Vec<Part>) -> &mut String {
    let at =
        content.iter().position(|part| matches!(part, Part::Refusal(_))).unwrap_or_else(|| {
            content.push(Part::Refusal(String::new()));
            content.len() - 1
        });
    match &mut content[at] {
        Part::Refusal(text) => text,
        _ => unreachable!("found or made as refusal"),
    }
}

fn size(delta: &Delta) -> usize {
    match delta {
        Delta::Text { text, logprobs } => {
            text.len() + logprobs.iter().map(|json| json.get().len()).sum::<usize>()
        }
        Delta::Annotation(json) => json.get().len(),
        Delta::Refusal(text)
        | Delta::Reasoning(text)
        | Delta::Arguments(text)
        | Delta::Input(text) => text.len(),
    }
}

#[cfg(test)]
mod tests;
