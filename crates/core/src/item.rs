//! Items: what a conversation is made of, in the order in which it happened.

use crate::content::Part;
use crate::id::ItemId;

/// One item of a conversation, from either side.
#[derive(Clone, Debug)]
pub enum Item {
    /// Somebody said something.
    Message(Message),
    /// The model thought.
    Reasoning(Reasoning),
    /// The model calls a function of the client.
    FunctionCall(FunctionCall),
    /// What that function returned.
    FunctionCallOutput(FunctionCallOutput),
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end user.
    User,
    /// The model.
    Assistant,
    /// The application, in OpenAI's older word.
    System,
    /// The application, in OpenAI's newer word; model servers know it as `system`.
    Developer,
}

/// How far an item got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemStatus {
    /// Still being written.
    InProgress,
    /// Whole.
    Completed,
    /// Cut: by a token limit, a filter, a failure or a client that left.
    Incomplete,
}

/// A message. An empty `content` is possible: an answer that was cut before its first token.
#[derive(Clone, Debug)]
pub struct Message {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// How far it got.
    pub status: ItemStatus,
}

/// The model's thoughts.
#[derive(Clone, Debug)]
pub struct Reasoning {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// Summaries, if somebody wrote any.
    pub summary: Vec<String>,
    /// The thoughts themselves.
    pub content: Vec<String>,
    /// Thoughts sealed by a server for its own later use; carried, not read.
    pub encrypted_content: Option<String>,
    /// How far it got.
    pub status: ItemStatus,
}

/// A call of a client's function.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// Ties the call to its output. Unique within a conversation.
    pub call_id: String,
    /// The function's name, `^[A-Za-z0-9_-]{1,64}$`.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, not necessarily valid.
    pub arguments: String,
    /// How far it got.
    pub status: ItemStatus,
}

/// What a client's function returned.
#[derive(Clone, Debug)]
pub struct FunctionCallOutput {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// The call this answers.
    pub call_id: String,
    /// The result.
    pub output: FunctionOutput,
    /// How far it got.
    pub status: ItemStatus,
}

/// A function's result: text, or text and pictures.
#[derive(Clone, Debug)]
pub enum FunctionOutput {
    /// Plain text, often JSON.
    Text(String),
    /// Several parts.
    Parts(Vec<Part>),
}

impl Item {
    /// The item's id, if it has one yet.
    pub fn id(&self) -> Option<&ItemId> {
        match self {
            Self::Message(item) => item.id.as_ref(),
            Self::Reasoning(item) => item.id.as_ref(),
            Self::FunctionCall(item) => item.id.as_ref(),
            Self::FunctionCallOutput(item) => item.id.as_ref(),
        }
    }

    /// Where the id lives, for the one who assigns it.
    pub fn id_mut(&mut self) -> &mut Option<ItemId> {
        match self {
            Self::Message(item) => &mut item.id,
            Self::Reasoning(item) => &mut item.id,
            Self::FunctionCall(item) => &mut item.id,
            Self::FunctionCallOutput(item) => &mut item.id,
        }
    }

    /// The prefix of this kind of item's ids.
    pub fn id_prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg",
            Self::Reasoning(_) => "rs",
            Self::FunctionCall(_) => "fc",
            Self::FunctionCallOutput(_) => "fco",
        }
    }
}
