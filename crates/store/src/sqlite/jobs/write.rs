//! The changes of jobs, within the writer's transaction.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::jobs::{
    Events, HeldJob, Holder, JobEnd, JobLease, JobOrder, Left, MAX_ATTEMPTS, Orphan,
};
use transom_core::port::store::TurnRecord;
use transom_core::scope::Scope;

use super::super::{insert_item, insert_response};
use super::rows::{HeldRow, OrphanRow};
use super::sql;

/// Where a change leaves what it has found. It may be read when the change has been committed.
pub(in crate::sqlite) type Slot<T> = Arc<Mutex<Vec<T>>>;

/// Takes what a change has found.
pub(super) fn taken<T>(slot: &Slot<T>) -> Vec<T> {
    std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner))
}

fn leave<T>(slot: &Slot<T>, found: Vec<T>) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = found;
}

/// What is to be changed about a job.
#[derive(Debug)]
pub(in crate::sqlite) enum JobChange {
    Accept(Box<Accepted>),
    Append { id: ResponseId, holder: Holder, events: Events, begun: Option<Json> },
    AskToCancel(ResponseId),
    Seize(ResponseId, JobLease, Slot<Orphan>),
    Renew(JobLease, Slot<HeldJob>),
    LetGo(ResponseId, Holder),
    Adopt { lease: JobLease, now: Timestamp, left: (Left, u32), found: Slot<Orphan> },
    Expire(Timestamp, u32),
}

/// A turn in the background that begins.
#[derive(Debug)]
pub(in crate::sqlite) struct Accepted {
    pub(super) turn: TurnRecord,
    pub(super) order: JobOrder,
    pub(super) lease: JobLease,
    pub(super) events: Events,
}

impl JobChange {
    /// How many bytes it writes, about.
    pub(in crate::sqlite) fn bytes(&self) -> usize {
        match self {
            Self::Accept(accepted) => {
                let items = accepted.turn.input.iter().map(|item| item.json.get().len());
                items.sum::<usize>()
                    + accepted.turn.response.get().len()
                    + accepted.order.request.get().len()
                    + accepted.events.frames.len()
            }
            Self::Append { events, begun, .. } => {
                events.frames.len() + begun.as_ref().map_or(0, |json| json.get().len())
            }
            _ => 0,
        }
    }
}

/// Makes a change; `false` when it is not possible.
pub(in crate::sqlite) async fn apply(
    connection: &mut SqliteConnection,
    scope: &Scope,
    change: &JobChange,
) -> Result<bool, sqlx::Error> {
    match change {
        JobChange::Accept(accepted) => accept(connection, scope, accepted).await,
        JobChange::Append { id, holder, events, begun } => {
            let has_begun = begun.is_some();
            let extended = extend(connection, (scope, id), holder, events, has_begun).await?;
            if let (true, Some(object)) = (extended, begun) {
                owned(sql::BEGIN, scope, id).bind(object.get()).execute(connection).await?;
            }
            Ok(extended)
        }
        JobChange::AskToCancel(id) => {
            changes(owned(sql::ASK_TO_CANCEL, scope, id), connection).await
        }
        JobChange::Seize(id, lease, found) => {
            let seize = sqlx::query_as(sql::SEIZE)
                .bind(id.as_str())
                .bind(&*scope.org)
                .bind(&*scope.team)
                .bind(&*lease.holder.0)
                .bind(lease.until.millis());
            let rows: Vec<OrphanRow> = seize.fetch_all(&mut *connection).await?;
            orphans(connection, rows, found).await
        }
        JobChange::Renew(lease, found) => {
            let renew =
                sqlx::query_as(sql::RENEW).bind(&*lease.holder.0).bind(lease.until.millis());
            let rows: Vec<HeldRow> = renew.fetch_all(connection).await?;
            leave(found, rows.into_iter().filter_map(held).collect());
            Ok(true)
        }
        JobChange::LetGo(id, holder) => {
            changes(owned(sql::LET_GO, scope, id).bind(&*holder.0), connection).await
        }
        JobChange::Adopt { lease, now, left: (left, limit), found } => {
            let adopt = sqlx::query_as(sql::ADOPT)
                .bind(&*lease.holder.0)
                .bind(lease.until.millis())
                .bind(now.millis())
                .bind(*limit)
                .bind(i64::from(matches!(left, Left::ToEnd)))
                .bind(MAX_ATTEMPTS);
            let rows: Vec<OrphanRow> = adopt.fetch_all(&mut *connection).await?;
            orphans(connection, rows, found).await
        }
        JobChange::Expire(now, limit) => expire(connection, *now, *limit).await,
    }
}

async fn accept(
    connection: &mut SqliteConnection,
    scope: &Scope,
    accepted: &Accepted,
) -> Result<bool, sqlx::Error> {
    let Accepted { turn, order, lease, events } = accepted;
    insert_response(connection, scope, turn).await?;
    for (item, position) in turn.input.iter().zip(0_i64..) {
        insert_item(connection, scope, &turn.id, (position, "input", item)).await?;
    }
    owned(sql::INSERT, scope, &turn.id)
        .bind(&*scope.key)
        .bind(&*lease.holder.0)
        .bind(lease.until.millis())
        .bind(order.priority.as_str())
        .bind(order.session.as_deref())
        .bind(order.request.get())
        .bind(turn.conversation.as_ref().map(ConversationId::as_str))
        .execute(&mut *connection)
        .await?;
    extend(connection, (scope, &turn.id), &lease.holder, events, false).await
}

/// Adds events of a job that `holder` runs; `false` when somebody else does, or they are not the next.
async fn extend(
    connection: &mut SqliteConnection,
    (scope, id): (&Scope, &ResponseId),
    holder: &Holder,
    events: &Events,
    begun: bool,
) -> Result<bool, sqlx::Error> {
    let extend = owned(sql::EXTEND, scope, id)
        .bind(&*holder.0)
        .bind(signed(events.count))
        .bind(signed(events.first))
        .bind(begun);
    if !changes(extend, &mut *connection).await? {
        return Ok(false);
    }
    if events.count > 0 {
        owned(sql::INSERT_EVENTS, scope, id)
            .bind(&*scope.key)
            .bind(signed(events.first))
            .bind(signed(events.count))
            .bind(&events.frames[..])
            .execute(connection)
            .await?;
    }
    Ok(true)
}

/// Whether the one who ends a job runs it, and knows all of its events. Asked before anything is changed.
pub(in crate::sqlite) async fn is_held(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: &ResponseId,
    end: &JobEnd,
) -> Result<bool, sqlx::Error> {
    let held = owned(sql::HELD_BY, scope, id).bind(&*end.holder.0).bind(signed(end.events.first));
    Ok(held.fetch_optional(connection).await?.is_some())
}

/// Ends a job, and gives its response the rest; `false` where [`is_held`] would have said so.
pub(in crate::sqlite) async fn end(
    connection: &mut SqliteConnection,
    scope: &Scope,
    turn: &TurnRecord,
    end: &JobEnd,
) -> Result<bool, sqlx::Error> {
    if !extend(connection, (scope, &turn.id), &end.holder, &end.events, false).await? {
        return Ok(false);
    }
    owned(sql::END, scope, &turn.id)
        .bind(end.kept_until.millis())
        .execute(&mut *connection)
        .await?;
    owned(sql::END_RESPONSE, scope, &turn.id)
        .bind(turn.status.word())
        .bind(turn.response.get())
        .execute(&mut *connection)
        .await?;
    let position: i64 = sqlx::query_scalar(sql::NEXT_POSITION)
        .bind(turn.id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .fetch_one(&mut *connection)
        .await?;
    for (item, position) in turn.output.iter().zip(position..) {
        insert_item(connection, scope, &turn.id, (position, "output", item)).await?;
    }
    Ok(true)
}

async fn expire(
    connection: &mut SqliteConnection,
    now: Timestamp,
    limit: u32,
) -> Result<bool, sqlx::Error> {
    let sweep = sqlx::query_as(sql::SWEEP).bind(now.millis()).bind(limit);
    let swept: Vec<(String, String, String)> = sweep.fetch_all(&mut *connection).await?;
    for (id, org, team) in &swept {
        let delete = sqlx::query(sql::DELETE_EVENTS).bind(id).bind(org).bind(team);
        delete.execute(&mut *connection).await?;
    }
    Ok(swept.len() >= limit as usize)
}

/// Completes what was taken over, and leaves it for the one who asked. One that is damaged is ended:
/// nobody could do anything else with it, and it must not keep the others from being looked after.
async fn orphans(
    connection: &mut SqliteConnection,
    rows: Vec<OrphanRow>,
    found: &Slot<Orphan>,
) -> Result<bool, sqlx::Error> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.response_id.clone();
        match row.orphan(connection).await {
            Ok(orphan) => all.push(orphan),
            Err(error) if is_damage(&error) => {
                tracing::error!(response.id = %id, "a response in the background is damaged: ended");
                for statement in [sql::ABANDON, sql::ABANDON_RESPONSE] {
                    sqlx::query(statement).bind(&id).execute(&mut *connection).await?;
                }
            }
            Err(error) => return Err(error),
        }
    }
    let any = !all.is_empty();
    leave(found, all);
    Ok(any)
}

/// A held job; one that is damaged is told of, and runs out.
fn held(row: HeldRow) -> Option<HeldJob> {
    let job = row.job();
    if job.is_err() {
        tracing::error!("a response in the background has an id that cannot be read");
    }
    job.ok()
}

/// What is stored cannot be read, and no later attempt can.
fn is_damage(error: &sqlx::Error) -> bool {
    use sqlx::Error::{ColumnDecode, Decode, RowNotFound};
    matches!(error, Decode(_) | ColumnDecode { .. } | RowNotFound)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn owned<'q>(
    statement: &'static str,
    scope: &'q Scope,
    id: &'q ResponseId,
) -> sqlx::query::Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(statement).bind(id.as_str()).bind(&*scope.org).bind(&*scope.team)
}

async fn changes(
    query: sqlx::query::Query<'_, Sqlite, SqliteArguments>,
    connection: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    Ok(query.execute(connection).await?.rows_affected() > 0)
}
