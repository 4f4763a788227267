//! A store of conversations that has none.

use async_trait::async_trait;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::conversations::{
    ConversationLookup, ConversationPage, ConversationRecord, ConversationStore, ItemLookup, Lease,
};
use transom_core::port::store::{PageQuery, StoreError, StoredItem};
use transom_core::scope::Scope;

/// A store without conversations.
pub(crate) struct NoConversations;

#[async_trait]
impl ConversationStore for NoConversations {
    async fn create(
        &self,
        _: &Scope,
        _: ConversationRecord,
        _: Vec<StoredItem>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("there are no conversations".into()))
    }

    async fn find(
        &self,
        _: &Scope,
        _: &ConversationId,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        Ok(None)
    }

    async fn set_metadata(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: Json,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn delete(&self, _: &Scope, _: &ConversationId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn append(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: Vec<StoredItem>,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn remove_item(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: &str,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn history(
        &self,
        _: &Scope,
        _: &ConversationId,
    ) -> Result<ConversationLookup, StoreError> {
        Ok(ConversationLookup::Missing)
    }

    async fn items(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: &PageQuery,
    ) -> Result<ConversationPage, StoreError> {
        Ok(ConversationPage::NoConversation)
    }

    async fn item(&self, _: &Scope, _: &ConversationId, _: &str) -> Result<ItemLookup, StoreError> {
        Ok(ItemLookup::NoConversation)
    }

    async fn lease(&self, _: &Scope, _: &ConversationId, _: Lease) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn renew(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: &ResponseId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn release(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: &ResponseId,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn extend(
        &self,
        _: &Scope,
        _: &ConversationId,
        _: &ResponseId,
        _: Vec<StoredItem>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Conflict)
    }
}
