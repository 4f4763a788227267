//! The reads. Each is one statement, hence one moment of the database.

use std::cmp::Reverse;

use futures_util::TryStreamExt;
use serde_json::value::RawValue;
use sqlx::SqlitePool;
use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::store::{
    History, ItemPage, Lookup, Order, PageLookup, PageQuery, StoreError, StoredItem, TurnStatus,
};
use transom_core::scope::Scope;

use super::error::{Fault, store_error};
use super::sql;
use super::write::MAX_TURN_BYTES;

/// The most turns that a history is walked, whatever the caller allows.
pub const MAX_DEPTH: u32 = 10_000;

/// The most item bytes that a history may hold; beyond it is [`Lookup::TooDeep`].
pub const MAX_HISTORY_BYTES: usize = MAX_TURN_BYTES;

/// The most items on a page, by the API reference.
const MAX_PAGE: u32 = 100;

pub(super) async fn response(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ResponseId,
) -> Result<Option<Json>, StoreError> {
    let row: Option<Option<String>> = sqlx::query_scalar(sql::RESPONSE)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(i64::try_from(MAX_TURN_BYTES).unwrap_or(i64::MAX))
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    match row {
        None => Ok(None),
        Some(None) => Err(Fault::ValueTooLarge.into()),
        Some(Some(text)) => json(text).map(Some),
    }
}

/// The first row has the last six columns, every other one the first three.
#[derive(sqlx::FromRow)]
struct HistoryRow {
    hop: Option<i64>,
    position: Option<i64>,
    json: Option<String>,
    status: Option<String>,
    tools: Option<String>,
    tool_choice: Option<String>,
    hops: Option<i64>,
    root: Option<String>,
    rooted: Option<bool>,
}

pub(super) async fn history(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ResponseId,
    depth: u32,
) -> Result<Lookup, StoreError> {
    let depth = i64::from(depth.min(MAX_DEPTH));
    let mut rows = sqlx::query_as::<_, HistoryRow>(sql::HISTORY)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(depth)
        .fetch(readers);
    let Some(head) = rows.try_next().await.map_err(store_error)? else {
        return Ok(Lookup::Missing);
    };
    if head.hops.is_none_or(|hops| hops > depth) {
        return Ok(Lookup::TooDeep);
    }
    if head.rooted != Some(true) {
        return Ok(Lookup::Missing);
    }
    let mut items = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await.map_err(store_error)? {
        let text = row.json.unwrap_or_default();
        bytes += text.len();
        if bytes > MAX_HISTORY_BYTES {
            return Ok(Lookup::TooDeep);
        }
        items.push((Reverse(row.hop), row.position, json(text)?));
    }
    items.sort_unstable_by_key(|(hop, position, _)| (*hop, *position));
    Ok(Lookup::Found(History {
        root: root(head.root.as_deref())?,
        status: status(head.status.as_deref())?,
        items: items.into_iter().map(|(_, _, item)| item).collect(),
        tools: head.tools.map(json).transpose()?,
        tool_choice: head.tool_choice.map(json).transpose()?,
    }))
}

#[derive(sqlx::FromRow)]
struct PageRow {
    anchor: Option<i64>,
    item_id: Option<String>,
    json: Option<String>,
}

pub(super) async fn input_items(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ResponseId,
    query: &PageQuery,
) -> Result<PageLookup, StoreError> {
    let statement = match query.order {
        Order::Ascending => sql::INPUT_ITEMS_ASCENDING,
        Order::Descending => sql::INPUT_ITEMS_DESCENDING,
    };
    page(readers, scope, (statement, id.as_str()), query).await
}

/// A page of what belongs to the response or conversation `id`.
pub(super) async fn page(
    readers: &SqlitePool,
    scope: &Scope,
    (statement, id): (&'static str, &str),
    query: &PageQuery,
) -> Result<PageLookup, StoreError> {
    let limit = query.limit.clamp(1, MAX_PAGE);
    let rows = sqlx::query_as::<_, PageRow>(statement)
        .bind(id)
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(query.after.as_deref())
        // One more than asked for tells whether more follow.
        .bind(limit + 1)
        .fetch_all(readers)
        .await
        .map_err(store_error)?;
    let Some(first) = rows.first() else { return Ok(PageLookup::NoResponse) };
    if query.after.is_some() && first.anchor.is_none() {
        return Ok(PageLookup::NoAnchor);
    }
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if let (Some(id), Some(text)) = (row.item_id, row.json) {
            items.push(StoredItem { id, json: json(text)? });
        }
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    Ok(PageLookup::Found(ItemPage { items, has_more }))
}

/// The items with these ids; `None` when they are too large together.
pub(super) async fn items_by_id(
    readers: &SqlitePool,
    scope: &Scope,
    ids: &[&str],
) -> Result<Option<Vec<StoredItem>>, StoreError> {
    let wanted = serde_json::to_string(ids).map_err(|error| StoreError::Damaged(error.into()))?;
    let mut rows = sqlx::query_as::<_, (String, Option<String>)>(sql::ITEMS_BY_ID)
        .bind(wanted)
        .bind(&*scope.org)
        .bind(&*scope.team)
        .fetch(readers);
    let (mut items, mut bytes) = (Vec::with_capacity(ids.len()), 0);
    while let Some((id, text)) = rows.try_next().await.map_err(store_error)? {
        let Some(text) = text else { continue };
        bytes += text.len();
        if bytes > MAX_HISTORY_BYTES {
            return Ok(None);
        }
        items.push(StoredItem { id, json: json(text)? });
    }
    Ok(Some(items))
}

fn status(word: Option<&str>) -> Result<TurnStatus, StoreError> {
    word.and_then(TurnStatus::from_word).ok_or_else(|| Fault::UnknownStatus.into())
}

fn root(id: Option<&str>) -> Result<ResponseId, StoreError> {
    id.and_then(ResponseId::parse).ok_or_else(|| Fault::UnknownId.into())
}

pub(super) fn json(text: String) -> Result<Json, StoreError> {
    RawValue::from_string(text).map_err(|error| StoreError::Damaged(Box::new(error)))
}
