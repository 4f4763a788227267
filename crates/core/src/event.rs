//! The one stream: what every model answer is decoded to and every client stream encoded from.
//!
//! It is shaped by items because the Responses API has the richest life cycle; chat answers are a
//! projection of it.
//!
//! Invariants, checked by [`crate::transcript::Transcript`]: an item begins before its deltas and
//! is done once; usage comes at most once; `Finished` comes once and last.

use crate::Json;
use crate::item::ItemStatus;
use crate::tool::ToolName;
use crate::usage::Usage;

/// The place of an item in the answer, from 0, in the order in which items begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemIndex(pub u32);

/// One step of one answer.
#[derive(Clone, Debug)]
pub enum Event {
    /// The model server has begun to answer.
    Started {
        /// The name under which the server knows the model.
        model: String,
    },
    /// An item begins.
    ItemBegan {
        /// Its place.
        item: ItemIndex,
        /// What it is.
        head: ItemHead,
    },
    /// An item grows.
    Delta {
        /// Its place.
        item: ItemIndex,
        /// By what.
        delta: Delta,
    },
    /// An item ends.
    ItemDone {
        /// Its place.
        item: ItemIndex,
        /// How far it got.
        status: ItemStatus,
    },
    /// What it cost.
    Usage(Usage),
    /// The model has stopped.
    Finished(Finish),
}

/// What an item is, as far as is known when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemHead {
    /// Text (or a refusal) of the model.
    Message,
    /// Thoughts of the model.
    Reasoning,
    /// A call of a client's function.
    FunctionCall {
        /// The model server's id of the call.
        call_id: String,
        /// Which function.
        tool: ToolName,
    },
    /// A call of a client's custom tool, whose input is free text.
    CustomToolCall {
        /// The model server's id of the call.
        call_id: String,
        /// Which tool.
        tool: ToolName,
    },
}

/// By what an item grows. The first text and the first refusal of a message each begin a part.
#[derive(Clone, Debug)]
pub enum Delta {
    /// Text of a message.
    Text {
        /// May be empty when only log probabilities came.
        text: String,
        /// One JSON object per token, in OpenAI's form.
        logprobs: Vec<Json>,
    },
    /// An annotation of a message's text: one JSON object in OpenAI's form.
    Annotation(Json),
    /// Text of a refusal.
    Refusal(String),
    /// Thoughts.
    Reasoning(String),
    /// A piece of a function call's arguments.
    Arguments(String),
    /// A piece of a custom tool's input.
    Input(String),
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was done, or reached a stop sequence.
    Stop,
    /// It waits for the results of its calls.
    ToolCalls,
    /// A token limit cut it.
    Length,
    /// A content filter cut it.
    ContentFilter,
}
