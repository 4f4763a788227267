//! The reads of conversations. Each is one statement, hence one moment of the database.

use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::id::ConversationId;
use transom_core::port::conversations::{
    ConversationLookup, ConversationPage, ConversationRecord, ItemLookup,
};
use transom_core::port::store::{Order, PageLookup, PageQuery, StoreError};
use transom_core::scope::Scope;

use super::super::error::store_error;
use super::super::read::{MAX_HISTORY_BYTES, json, page};
use super::sql;

/// The most items of a conversation that a turn reads; beyond it is [`ConversationLookup::TooLong`].
pub const MAX_CONVERSATION_ITEMS: usize = 20_000;

pub(super) async fn find(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ConversationId,
) -> Result<Option<ConversationRecord>, StoreError> {
    let row: Option<(i64, String)> = sqlx::query_as(sql::FIND)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    let Some((created_at, metadata)) = row else { return Ok(None) };
    let created_at = Timestamp::from_millis(created_at);
    Ok(Some(ConversationRecord { id: id.clone(), created_at, metadata: json(metadata)? }))
}

pub(super) async fn history(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ConversationId,
) -> Result<ConversationLookup, StoreError> {
    let mut rows = sqlx::query_scalar::<_, Option<String>>(sql::HISTORY)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        // One more than allowed tells that there are too many.
        .bind(i64::try_from(MAX_CONVERSATION_ITEMS + 1).unwrap_or(i64::MAX))
        .fetch(readers);
    let mut items: Option<Vec<Json>> = None;
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await.map_err(store_error)? {
        let items = items.get_or_insert_default();
        let Some(text) = row else { continue };
        bytes += text.len();
        if bytes > MAX_HISTORY_BYTES || items.len() == MAX_CONVERSATION_ITEMS {
            return Ok(ConversationLookup::TooLong);
        }
        items.push(json(text)?);
    }
    Ok(items.map_or(ConversationLookup::Missing, ConversationLookup::Found))
}

pub(super) async fn item(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ConversationId,
    item: &str,
) -> Result<ItemLookup, StoreError> {
    let row: Option<Option<String>> = sqlx::query_scalar(sql::ITEM)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(item)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    Ok(match row {
        None => ItemLookup::NoConversation,
        Some(None) => ItemLookup::NoItem,
        Some(Some(text)) => ItemLookup::Found(json(text)?),
    })
}

pub(super) async fn items(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ConversationId,
    query: &PageQuery,
) -> Result<ConversationPage, StoreError> {
    let statement = match query.order {
        Order::Ascending => sql::ITEMS_ASCENDING,
        Order::Descending => sql::ITEMS_DESCENDING,
    };
    Ok(match page(readers, scope, (statement, id.as_str()), query).await? {
        PageLookup::Found(page) => ConversationPage::Found(page),
        PageLookup::NoResponse => ConversationPage::NoConversation,
        PageLookup::NoAnchor => ConversationPage::NoAnchor,
    })
}
