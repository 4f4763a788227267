//! Conversations in the same file.
//!
//! # Layout
//!
//! - `sql`: every statement. `read` and `write`: what runs them.

use async_trait::async_trait;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::conversations::{
    ConversationLookup, ConversationPage, ConversationRecord, ConversationStore, ItemLookup, Lease,
};
use transom_core::port::store::{PageQuery, StoreError, StoredItem};
use transom_core::scope::Scope;

use super::SqliteStore;
use super::write::Change;

mod read;
pub(super) mod sql;
mod write;

pub use read::MAX_CONVERSATION_ITEMS;
pub(super) use write::{ConversationChange, Ended, apply, begun_at, end_turn};

impl SqliteStore {
    async fn change(
        &self,
        scope: &Scope,
        id: &ConversationId,
        change: ConversationChange,
    ) -> Result<bool, StoreError> {
        self.writer.submit(scope, Change::Conversation(id.clone(), change)).await
    }
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn create(
        &self,
        scope: &Scope,
        conversation: ConversationRecord,
        items: Vec<StoredItem>,
    ) -> Result<(), StoreError> {
        let id = conversation.id.clone();
        let create = ConversationChange::Create(Box::new(conversation), items);
        self.change(scope, &id, create).await.map(drop)
    }

    async fn find(
        &self,
        scope: &Scope,
        id: &ConversationId,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        read::find(&self.readers, scope, id).await
    }

    async fn set_metadata(
        &self,
        scope: &Scope,
        id: &ConversationId,
        metadata: Json,
    ) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::SetMetadata(metadata)).await
    }

    async fn delete(&self, scope: &Scope, id: &ConversationId) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::Delete).await
    }

    async fn append(
        &self,
        scope: &Scope,
        id: &ConversationId,
        items: Vec<StoredItem>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::Append(items, now)).await
    }

    async fn remove_item(
        &self,
        scope: &Scope,
        id: &ConversationId,
        item: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::RemoveItem(item.to_owned(), now)).await
    }

    async fn history(
        &self,
        scope: &Scope,
        id: &ConversationId,
    ) -> Result<ConversationLookup, StoreError> {
        read::history(&self.readers, scope, id).await
    }

    async fn items(
        &self,
        scope: &Scope,
        id: &ConversationId,
        page: &PageQuery,
    ) -> Result<ConversationPage, StoreError> {
        read::items(&self.readers, scope, id, page).await
    }

    async fn item(
        &self,
        scope: &Scope,
        id: &ConversationId,
        item: &str,
    ) -> Result<ItemLookup, StoreError> {
        read::item(&self.readers, scope, id, item).await
    }

    async fn lease(
        &self,
        scope: &Scope,
        id: &ConversationId,
        lease: Lease,
    ) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::Lease(lease)).await
    }

    async fn renew(
        &self,
        scope: &Scope,
        id: &ConversationId,
        holder: &ResponseId,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::Renew(holder.clone(), until)).await
    }

    async fn release(
        &self,
        scope: &Scope,
        id: &ConversationId,
        holder: &ResponseId,
    ) -> Result<bool, StoreError> {
        self.change(scope, id, ConversationChange::Release(holder.clone())).await
    }

    async fn extend(
        &self,
        scope: &Scope,
        id: &ConversationId,
        holder: &ResponseId,
        items: Vec<StoredItem>,
    ) -> Result<(), StoreError> {
        let extend = ConversationChange::Extend(holder.clone(), items);
        if self.change(scope, id, extend).await? { Ok(()) } else { Err(StoreError::Conflict) }
    }
}
