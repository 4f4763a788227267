//! The port to conversations: lists of items that responses read and extend.
//!
//! A conversation has its items itself, in the order in which they were added; it does not refer to
//! responses, and each can be deleted without the other. Items are opaque JSON here, as in
//! [`super::store`].
//!
//! One turn at a time works on a conversation: it holds a lease, which every process with the same
//! store respects. Who holds it is the id of the response that is being written. A lease ends when the
//! turn is committed, when it is given back, or at its time, so that a process that dies blocks nobody
//! for long. A turn that has lost its lease meanwhile is not committed
//! ([`StoreError::Conflict`]), whatever the clocks say.

use async_trait::async_trait;

use super::store::{ItemPage, PageQuery, StoreError, StoredItem};
use crate::Json;
use crate::clock::Timestamp;
use crate::id::{ConversationId, ResponseId};
use crate::scope::Scope;

/// A conversation without its items.
#[derive(Clone, Debug)]
pub struct ConversationRecord {
    /// Its id.
    pub id: ConversationId,
    /// When it was created.
    pub created_at: Timestamp,
    /// The client's own marks: a JSON object.
    pub metadata: Json,
}

/// What reading a whole conversation finds.
#[derive(Clone, Debug)]
pub enum ConversationLookup {
    /// All its items, oldest first.
    Found(Vec<Json>),
    /// No such conversation for this owner.
    Missing,
    /// It holds more than the store reads at once.
    TooLong,
}

/// What a query for a page of items finds.
#[derive(Clone, Debug)]
pub enum ConversationPage {
    /// The page.
    Found(ItemPage),
    /// No such conversation for this owner.
    NoConversation,
    /// The conversation has no item with the id given in `after`.
    NoAnchor,
}

/// What looking for one item finds.
#[derive(Clone, Debug)]
pub enum ItemLookup {
    /// The item.
    Found(Json),
    /// No such conversation for this owner.
    NoConversation,
    /// The conversation has no such item.
    NoItem,
}

/// Who holds a conversation, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The response that is being written.
    pub holder: ResponseId,
    /// The time now.
    pub now: Timestamp,
    /// When the conversation is free again unless the lease is renewed. Wall-clock time, because
    /// processes have no other time in common.
    pub until: Timestamp,
}

/// Conversations that survive the requests that made them.
///
/// `false` of a change: there is no such conversation for this owner, or (where `now` or a holder is
/// asked for) somebody else works on it. Nothing has changed then.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Writes a new conversation with its first items.
    async fn create(
        &self,
        scope: &Scope,
        conversation: ConversationRecord,
        items: Vec<StoredItem>,
    ) -> Result<(), StoreError>;

    /// A conversation without its items.
    async fn find(
        &self,
        scope: &Scope,
        id: &ConversationId,
    ) -> Result<Option<ConversationRecord>, StoreError>;

    /// Replaces the metadata. Possible at any time.
    async fn set_metadata(
        &self,
        scope: &Scope,
        id: &ConversationId,
        metadata: Json,
    ) -> Result<bool, StoreError>;

    /// Deletes a conversation and its items; responses stay. Possible at any time.
    async fn delete(&self, scope: &Scope, id: &ConversationId) -> Result<bool, StoreError>;

    /// Adds items at the end, unless a turn works on the conversation.
    /// [`StoreError::Duplicate`]: an id is taken.
    async fn append(
        &self,
        scope: &Scope,
        id: &ConversationId,
        items: Vec<StoredItem>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Deletes an item, unless a turn works on the conversation; `false` also when there is no such
    /// item.
    async fn remove_item(
        &self,
        scope: &Scope,
        id: &ConversationId,
        item: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// All items, read with one query.
    async fn history(
        &self,
        scope: &Scope,
        id: &ConversationId,
    ) -> Result<ConversationLookup, StoreError>;

    /// One page of the items.
    async fn items(
        &self,
        scope: &Scope,
        id: &ConversationId,
        page: &PageQuery,
    ) -> Result<ConversationPage, StoreError>;

    /// One item.
    async fn item(
        &self,
        scope: &Scope,
        id: &ConversationId,
        item: &str,
    ) -> Result<ItemLookup, StoreError>;

    /// Takes a conversation that nobody holds, or that this holder has already: a response that is
    /// run again.
    async fn lease(
        &self,
        scope: &Scope,
        id: &ConversationId,
        lease: Lease,
    ) -> Result<bool, StoreError>;

    /// Makes a lease last longer. One that was lost, even to nobody in particular, stays lost.
    async fn renew(
        &self,
        scope: &Scope,
        id: &ConversationId,
        holder: &ResponseId,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives a lease back without a change.
    async fn release(
        &self,
        scope: &Scope,
        id: &ConversationId,
        holder: &ResponseId,
    ) -> Result<bool, StoreError>;

    /// Adds the items of a turn whose response is not kept, and gives its lease back. A turn that is
    /// kept does both with its commit. [`StoreError::Conflict`]: the lease is lost.
    async fn extend(
        &self,
        scope: &Scope,
        id: &ConversationId,
        holder: &ResponseId,
        items: Vec<StoredItem>,
    ) -> Result<(), StoreError>;
}
