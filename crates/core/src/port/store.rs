//! The port to durable state.
//!
//! One row per response holds only its own input and output items and points at its parent; the
//! conversation is the walk along the parents (design decision 8). Items are opaque JSON here: ids
//! and order are the store's business, meaning is not.

use async_trait::async_trait;

use crate::Json;
use crate::clock::Timestamp;
use crate::id::{ConversationId, ResponseId};
use crate::port::jobs::JobEnd;
use crate::scope::Scope;

/// How far a stored response has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnStatus {
    /// In the background, and no model has begun to answer.
    Queued,
    /// In the background, and a model answers.
    InProgress,
    /// Whole. It can be continued.
    Completed,
    /// Cut by a limit or a filter. It can be continued.
    Incomplete,
    /// Something broke. It can be read, not continued.
    Failed,
    /// The client left, or cancelled it. It can be read, not continued.
    Cancelled,
}

impl TurnStatus {
    /// The word used in rows and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The reverse of [`TurnStatus::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::InProgress,
            Self::Completed,
            Self::Incomplete,
            Self::Failed,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }

    /// Whether it stays like this for ever.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::InProgress)
    }

    /// Whether a later turn may build on it.
    pub fn continuable(self) -> bool {
        matches!(self, Self::Completed | Self::Incomplete)
    }
}

/// An item as it is kept: its id, and its JSON as the API shows it.
#[derive(Clone, Debug)]
pub struct StoredItem {
    /// Unique within the response.
    pub id: String,
    /// The item.
    pub json: Json,
}

/// Everything about one turn, written at once.
#[derive(Clone, Debug)]
pub struct TurnRecord {
    /// The response's id.
    pub id: ResponseId,
    /// The response it continues.
    pub parent: Option<ResponseId>,
    /// The conversation it belongs to and holds a lease of. A turn that can be continued adds its
    /// items to it; the lease ends with the commit.
    pub conversation: Option<ConversationId>,
    /// How it ended; of a turn in the background that is accepted, that it has not.
    pub status: TurnStatus,
    /// The model's name as the client wrote it.
    pub model: String,
    /// When it began.
    pub created_at: Timestamp,
    /// The response object as `GET` returns it, whole.
    pub response: Json,
    /// What this turn's request brought.
    pub input: Vec<StoredItem>,
    /// What the model answered.
    pub output: Vec<StoredItem>,
    /// The tools in force, a JSON array: a continuation without `tools` inherits them.
    pub tools: Option<Json>,
    /// The tool choice in force, likewise.
    pub tool_choice: Option<Json>,
    /// The end of its job, which it has if it ran in the background: the turn has been stored with
    /// its input before, and now gets the rest.
    pub job: Option<JobEnd>,
}

/// The conversation that a turn continues, oldest item first.
#[derive(Clone, Debug)]
pub struct History {
    /// The oldest response of the chain: what all turns of one conversation have in common.
    pub root: ResponseId,
    /// How far the newest turn has got.
    pub status: TurnStatus,
    /// Input and output items of every turn, in order. Before those of a turn of a conversation
    /// come the items that the conversation had before it.
    pub items: Vec<Json>,
    /// The newest turn's tools in force.
    pub tools: Option<Json>,
    /// The newest turn's tool choice in force.
    pub tool_choice: Option<Json>,
}

/// What looking for a history finds.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The whole chain.
    Found(History),
    /// No such response for this owner, or one of its ancestors or the conversation it was a turn of
    /// has been deleted.
    Missing,
    /// The chain is longer than the limit given, runs in a circle, or holds more than the store
    /// reads at once.
    TooDeep,
}

/// A page of input items.
#[derive(Clone, Debug)]
pub struct ItemPage {
    /// The items, in the order asked for.
    pub items: Vec<StoredItem>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Which input items to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// 1 to 100.
    pub limit: u32,
    /// The order of the list.
    pub order: Order,
    /// Begin behind the item with this id.
    pub after: Option<String>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// What a page query finds.
#[derive(Clone, Debug)]
pub enum PageLookup {
    /// The page.
    Found(ItemPage),
    /// No such response for this owner.
    NoResponse,
    /// The response has no item with the id given in `after`.
    NoAnchor,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is locked, or its disk is full. Trying again may help.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what no version of the program wrote.
    #[error("a stored row is damaged: {0}")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The id is taken.
    #[error("a response or an item with this id exists already")]
    Duplicate,
    /// The turn does not hold its conversation or its job any more. Nothing was written.
    #[error("the conversation or the job was deleted or taken over meanwhile")]
    Conflict,
}

/// Responses that survive the request that made them.
#[async_trait]
pub trait ResponseStore: Send + Sync {
    /// Writes a finished turn, and in the same transaction what it adds to its conversation. When it
    /// returns, the turn is as durable as the store promises.
    async fn commit_turn(&self, scope: &Scope, turn: TurnRecord) -> Result<(), StoreError>;

    /// The response object of a turn, as it was committed.
    async fn response(&self, scope: &Scope, id: &ResponseId) -> Result<Option<Json>, StoreError>;

    /// The conversation up to and including a turn, read with one query; `depth` is the most turns
    /// to walk.
    async fn history(
        &self,
        scope: &Scope,
        id: &ResponseId,
        depth: u32,
    ) -> Result<Lookup, StoreError>;

    /// One page of a turn's own input items.
    async fn input_items(
        &self,
        scope: &Scope,
        id: &ResponseId,
        page: &PageQuery,
    ) -> Result<PageLookup, StoreError>;

    /// The items with these ids, whichever of the owner's responses and conversations they are part
    /// of: the newest where there are several, in any order, read with one query. `None`: together
    /// they are more than the store reads at once.
    async fn items_by_id(
        &self,
        scope: &Scope,
        ids: &[&str],
    ) -> Result<Option<Vec<StoredItem>>, StoreError>;

    /// Whether the store can be read at this moment: for readiness probes.
    async fn probe(&self) -> Result<(), StoreError>;

    /// Deletes a turn and its items; `false` when there was none. Its children stay readable.
    async fn delete(&self, scope: &Scope, id: &ResponseId) -> Result<bool, StoreError>;
}
