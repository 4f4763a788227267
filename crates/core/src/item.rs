//! Items: what a conversation is made of, in the order in which it happened.

use crate::content::Part;
use crate::id::ItemId;
use crate::tool::ToolName;

pub use hosted::{HostedItem, HostedKind, Told};

mod hosted;

/// One item of a conversation, from either side.
#[derive(Clone, Debug)]
pub enum Item {
    /// Somebody said something.
    Message(Message),
    /// The model thought.
    Reasoning(Reasoning),
    /// A summary that stands for the conversation before it.
    Compaction(Compaction),
    /// The model calls a function of the client.
    FunctionCall(FunctionCall),
    /// What that function returned.
    FunctionCallOutput(FunctionCallOutput),
    /// The model calls a custom tool of the client.
    CustomToolCall(CustomToolCall),
    /// What that tool returned.
    CustomToolCallOutput(FunctionCallOutput),
    /// What a tool did that neither the gateway nor the client's own code ran.
    Hosted(HostedItem),
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

/// Which part of its work the model spoke in. Clients that were told it send it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It said what it was doing.
    Commentary,
    /// It gave its answer.
    FinalAnswer,
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
    /// In which part of the work, if a server said so.
    pub phase: Option<Phase>,
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
    /// The same thoughts, sealed for a client that cannot read them. Once opened they count more than
    /// what stands beside them, because nobody can have changed them.
    pub encrypted_content: Option<Sealed>,
    /// How far it got.
    pub status: ItemStatus,
}

/// Texts that a gateway has sealed for a client to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// As the client carries them.
    pub blob: String,
    /// What is in it; `None` as long as nobody has opened it.
    pub texts: Option<Vec<String>>,
}

impl Sealed {
    /// As it came from a client or the store.
    pub fn shut(blob: String) -> Self {
        Self { blob, texts: None }
    }
}

/// A summary that stands for the conversation before it.
#[derive(Clone, Debug)]
pub struct Compaction {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// The summary.
    pub encrypted_content: Sealed,
}

/// A call of a client's function.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// Ties the call to its output. Unique within a conversation.
    pub call_id: String,
    /// Which function.
    pub tool: ToolName,
    /// The arguments as the model wrote them: JSON text, not necessarily valid.
    pub arguments: String,
    /// How far it got.
    pub status: ItemStatus,
}

/// A call of a client's custom tool.
#[derive(Clone, Debug)]
pub struct CustomToolCall {
    /// Absent on input until the item is stored.
    pub id: Option<ItemId>,
    /// Ties the call to its output. Unique within a conversation.
    pub call_id: String,
    /// Which tool.
    pub tool: ToolName,
    /// The input as the model wrote it.
    pub input: String,
    /// How far it got.
    pub status: ItemStatus,
    /// Whether the input follows the tool's grammar.
    pub conformity: Conformity,
}

/// Whether the input of a custom tool follows its grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conformity {
    /// Nobody asked: there is no grammar, or the input is not whole.
    #[default]
    Unasked,
    /// It does.
    Follows,
    /// It does not.
    Breaks {
        /// The byte from which on nothing could have mended it.
        at: usize,
    },
    /// Nobody can tell.
    Unknown(Untold),
}

/// Why nobody can tell whether an input follows its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// The grammar is not understood here.
    Grammar,
    /// The input is longer than what is checked.
    Length,
    /// Checking would take too long.
    Work,
}

/// What a client's function or custom tool returned.
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
            Self::Compaction(item) => item.id.as_ref(),
            Self::FunctionCall(item) => item.id.as_ref(),
            Self::FunctionCallOutput(item) | Self::CustomToolCallOutput(item) => item.id.as_ref(),
            Self::CustomToolCall(item) => item.id.as_ref(),
            Self::Hosted(item) => item.id.as_ref(),
        }
    }

    /// Where the id lives, for the one who assigns it.
    pub fn id_mut(&mut self) -> &mut Option<ItemId> {
        match self {
            Self::Message(item) => &mut item.id,
            Self::Reasoning(item) => &mut item.id,
            Self::Compaction(item) => &mut item.id,
            Self::FunctionCall(item) => &mut item.id,
            Self::FunctionCallOutput(item) | Self::CustomToolCallOutput(item) => &mut item.id,
            Self::CustomToolCall(item) => &mut item.id,
            Self::Hosted(item) => &mut item.id,
        }
    }

    /// The prefix of this kind of item's ids.
    pub fn id_prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg",
            Self::Reasoning(_) => "rs",
            Self::Compaction(_) => "cmp",
            Self::FunctionCall(_) => "fc",
            Self::FunctionCallOutput(_) => "fco",
            Self::CustomToolCall(_) => "ctc",
            Self::CustomToolCallOutput(_) => "ctco",
            Self::Hosted(item) => item.kind.id_prefix(),
        }
    }

    /// What is sealed in it.
    pub fn sealed_mut(&mut self) -> Option<&mut Sealed> {
        match self {
            Self::Reasoning(item) => item.encrypted_content.as_mut(),
            Self::Compaction(item) => Some(&mut item.encrypted_content),
            _ => None,
        }
    }

    /// The id of the call that this item makes, where another item has to answer it.
    pub fn call_id(&self) -> Option<&str> {
        match self {
            Self::FunctionCall(call) => Some(&call.call_id),
            Self::CustomToolCall(call) => Some(&call.call_id),
            Self::Hosted(HostedItem { told: Told::Call { call_id, .. }, .. }) => Some(call_id),
            _ => None,
        }
    }

    /// The id of the call that this item answers.
    pub fn answers(&self) -> Option<&str> {
        match self {
            Self::FunctionCallOutput(output) | Self::CustomToolCallOutput(output) => {
                Some(&output.call_id)
            }
            Self::Hosted(HostedItem { told: Told::Output { call_id, .. }, .. }) => Some(call_id),
            _ => None,
        }
    }
}
