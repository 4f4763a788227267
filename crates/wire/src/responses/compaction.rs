//! A conversation that has been summed up: what is asked of the model, and the object that its client
//! gets.
//!
//! As with OpenAI the messages of the user stay word for word, and everything that was said and done
//! about them becomes one sealed item behind them. The application's own messages stay too: rules
//! must not depend on what a model makes of them.

use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::content::{Part, Text};
use transom_core::id::{IdSource, ItemId, ResponseId};
use transom_core::item::{Compaction, Item, ItemStatus, Message, Role, Sealed};
use transom_core::usage::Usage;

use super::item::Shown as ShownItem;
use super::json;
use super::object::ShownUsage;

/// What the model is asked, behind the whole conversation.
const QUESTION: &str = "The conversation above has become long and is about to be replaced by a \
summary. Write this summary now. It is for an assistant who will see the messages of the user and of \
the application as they are, but nothing else of the conversation, and who has to go on where it \
stops. Say what is asked for; what has been done and found out, with names, paths, numbers and errors \
as they are written; what was decided, and why; what is still to be done; and what the next step is. \
Leave out what no longer matters. Answer with the summary alone.";

/// What the model is asked, behind the whole conversation.
pub fn question() -> Item {
    Item::Message(Message {
        phase: None,
        id: None,
        role: Role::User,
        content: vec![Part::Text(Text::from(QUESTION.to_owned()))],
        status: ItemStatus::Completed,
    })
}

/// What stays of a conversation as it is.
pub fn kept(conversation: &[Item]) -> Vec<Item> {
    let stays =
        |item: &&Item| matches!(item, Item::Message(message) if message.role != Role::Assistant);
    conversation.iter().filter(stays).cloned().collect()
}

/// The summary that a model wrote: the text of its answer. `None` when there is none.
pub fn summary<'a>(answer: impl Iterator<Item = &'a Item>) -> Option<String> {
    let parts = answer.filter_map(|item| match item {
        Item::Message(message) => Some(&message.content),
        _ => None,
    });
    let texts = parts.flatten().filter_map(|part| match part {
        Part::Text(text) => Some(text.text.trim()),
        _ => None,
    });
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// A conversation that has been summed up.
pub struct Compacted {
    /// Its id.
    pub id: ResponseId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What stays, in order.
    pub kept: Vec<Item>,
    /// What stands for the rest.
    pub sealed: Sealed,
    /// What the summary cost.
    pub usage: Usage,
}

impl Compacted {
    /// The object that its client gets. Items without an id get one from `ids`.
    pub fn into_json(self, ids: &dyn IdSource) -> Json {
        let summary = Item::Compaction(Compaction { id: None, encrypted_content: self.sealed });
        let mut output = self.kept;
        output.push(summary);
        for item in &mut output {
            let prefix = item.id_prefix();
            item.id_mut().get_or_insert_with(|| ItemId::fresh(prefix, ids));
        }
        json::raw(&Shown {
            id: self.id.as_str(),
            object: "response.compaction",
            created_at: self.created_at.seconds(),
            output: Output(&output),
            usage: ShownUsage::of(&self.usage),
        })
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    object: &'static str,
    created_at: i64,
    output: Output<'a>,
    usage: ShownUsage,
}

struct Output<'a>(&'a [Item]);

impl Serialize for Output<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ShownItem))
    }
}

#[cfg(test)]
mod tests;
