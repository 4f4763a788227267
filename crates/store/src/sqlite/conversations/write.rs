//! The changes of conversations, within the writer's transaction.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use transom_core::clock::Timestamp;
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::conversations::{ConversationRecord, Lease};
use transom_core::port::store::{StoredItem, TurnRecord};
use transom_core::scope::Scope;

use super::sql;

/// What is to be changed about a conversation.
#[derive(Debug)]
pub(in crate::sqlite) enum ConversationChange {
    Create(Box<ConversationRecord>, Vec<StoredItem>),
    SetMetadata(transom_core::Json),
    Delete,
    Append(Vec<StoredItem>, Timestamp),
    RemoveItem(String, Timestamp),
    Lease(Lease),
    Renew(ResponseId, Timestamp),
    Release(ResponseId),
    Extend(ResponseId, Vec<StoredItem>),
}

impl ConversationChange {
    /// The items that are added.
    pub(in crate::sqlite) fn items(&self) -> &[StoredItem] {
        match self {
            Self::Create(_, items) | Self::Append(items, _) | Self::Extend(_, items) => items,
            _ => &[],
        }
    }
}

/// Makes a change; `false` when it is not possible.
pub(in crate::sqlite) async fn apply(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ConversationId,
    change: &ConversationChange,
) -> Result<bool, sqlx::Error> {
    match change {
        ConversationChange::Create(conversation, items) => {
            create(connection, scope, conversation, items).await
        }
        ConversationChange::SetMetadata(metadata) => {
            changes(owned(sql::SET_METADATA, scope, id).bind(metadata.get()), connection).await
        }
        ConversationChange::Delete => changes(owned(sql::DELETE, scope, id), connection).await,
        ConversationChange::Append(items, now) => {
            if !free(connection, scope, id, *now).await? {
                return Ok(false);
            }
            let room = owned_scalar(sql::APPEND, scope, id).bind(count(items));
            let room = room.fetch_optional(&mut *connection).await?;
            add(connection, scope, id, (room, items)).await
        }
        ConversationChange::RemoveItem(item, now) => {
            let free = free(connection, scope, id, *now).await?;
            let remove = owned(sql::DELETE_ITEM, scope, id).bind(item.as_str());
            Ok(free && changes(remove, connection).await?)
        }
        ConversationChange::Lease(lease) => {
            let Lease { holder, now, until } = lease;
            let take = owned(sql::LEASE, scope, id).bind(holder.as_str());
            changes(take.bind(until.millis()).bind(now.millis()), connection).await
        }
        ConversationChange::Renew(holder, until) => {
            let renew = owned(sql::RENEW, scope, id).bind(holder.as_str()).bind(until.millis());
            changes(renew, connection).await
        }
        ConversationChange::Release(holder) => {
            Ok(extend(connection, scope, id, holder, 0).await?.is_some())
        }
        ConversationChange::Extend(holder, items) => {
            let room = extend(connection, scope, id, holder, count(items)).await?;
            add(connection, scope, id, (room, items)).await
        }
    }
}

/// What a turn's end meant for its conversation.
pub(in crate::sqlite) enum Ended<'a> {
    /// It is a turn of none, or adds nothing.
    Apart,
    /// Its items have been added, from this position on.
    Within { conversation: &'a ConversationId, position: i64 },
    /// It does not hold its conversation any more. Nothing has been changed.
    Lost,
}

/// Adds a turn's items to its conversation, if it can be continued, and ends its lease.
pub(in crate::sqlite) async fn end_turn<'a>(
    connection: &mut SqliteConnection,
    scope: &Scope,
    turn: &'a TurnRecord,
) -> Result<Ended<'a>, sqlx::Error> {
    let Some(conversation) = &turn.conversation else { return Ok(Ended::Apart) };
    if !turn.status.continuable() {
        // Whether it still had the lease makes no difference.
        extend(connection, scope, conversation, &turn.id, 0).await?;
        return Ok(Ended::Apart);
    }
    let items = count(&turn.input) + count(&turn.output);
    let Some(position) = extend(connection, scope, conversation, &turn.id, items).await? else {
        return Ok(Ended::Lost);
    };
    let items = turn.input.iter().chain(&turn.output);
    insert_items(connection, scope, conversation, (position, items)).await?;
    Ok(Ended::Within { conversation, position })
}

/// Notes where in its conversation a turn began.
pub(in crate::sqlite) async fn begun_at(
    connection: &mut SqliteConnection,
    scope: &Scope,
    (turn, conversation, position): (&ResponseId, &ConversationId, i64),
) -> Result<(), sqlx::Error> {
    let note = owned(sql::INSERT_TURN, scope, conversation).bind(&*scope.key);
    note.bind(turn.as_str()).bind(position).execute(connection).await.map(drop)
}

async fn create(
    connection: &mut SqliteConnection,
    scope: &Scope,
    conversation: &ConversationRecord,
    items: &[StoredItem],
) -> Result<bool, sqlx::Error> {
    let ConversationRecord { id, created_at, metadata } = conversation;
    owned(sql::INSERT, scope, id)
        .bind(&*scope.key)
        .bind(created_at.millis())
        .bind(count(items))
        .bind(metadata.get())
        .execute(&mut *connection)
        .await?;
    insert_items(connection, scope, id, (0, items.iter())).await?;
    Ok(true)
}

async fn free(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ConversationId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    changes(owned(sql::FREE, scope, id).bind(now.millis()), connection).await
}

/// Ends the holder's lease and makes room for items; `None` when it does not have it.
async fn extend(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ConversationId,
    holder: &ResponseId,
    count: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let extend = owned_scalar(sql::EXTEND, scope, id).bind(count).bind(holder.as_str());
    extend.fetch_optional(connection).await
}

async fn add(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ConversationId,
    (room, items): (Option<i64>, &[StoredItem]),
) -> Result<bool, sqlx::Error> {
    let Some(position) = room else { return Ok(false) };
    insert_items(connection, scope, id, (position, items.iter())).await?;
    Ok(true)
}

async fn insert_items(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ConversationId,
    (first, items): (i64, impl Iterator<Item = &StoredItem>),
) -> Result<(), sqlx::Error> {
    for (item, position) in items.zip(first..) {
        owned(sql::INSERT_ITEM, scope, id)
            .bind(&*scope.key)
            .bind(position)
            .bind(item.id.as_str())
            .bind(item.json.get())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn count(items: &[StoredItem]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

fn owned<'q>(
    statement: &'static str,
    scope: &'q Scope,
    id: &'q ConversationId,
) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(statement).bind(id.as_str()).bind(&*scope.org).bind(&*scope.team)
}

fn owned_scalar<'q>(
    statement: &'static str,
    scope: &'q Scope,
    id: &'q ConversationId,
) -> sqlx::query::QueryScalar<'q, Sqlite, i64, SqliteArguments> {
    sqlx::query_scalar(statement).bind(id.as_str()).bind(&*scope.org).bind(&*scope.team)
}

async fn changes(
    query: Query<'_, Sqlite, SqliteArguments>,
    connection: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    Ok(query.execute(connection).await?.rows_affected() > 0)
}
