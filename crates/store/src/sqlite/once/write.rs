//! The changes, within the writer's transaction.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use transom_core::clock::Timestamp;
use transom_core::id::{ClaimId, ResponseId};
use transom_core::port::once::{Claim, Form, Kept, MAX_KEPT_BYTES, Name};
use transom_core::scope::Scope;

use super::sql;

/// Rows that one sweep deletes at most. Each may hold a large answer, which is overwritten, and other
/// changes wait meanwhile.
pub(in crate::sqlite) const SWEPT_AT_ONCE: u64 = 16;

/// What is to be changed.
#[derive(Debug)]
pub(in crate::sqlite) enum OnceChange {
    Claim(Box<Claim>),
    Renew(ClaimId, Timestamp),
    Keep(ClaimId, Kept, Timestamp),
    Release(ClaimId),
}

impl OnceChange {
    /// Whether it is more than is ever kept.
    pub(in crate::sqlite) fn is_too_large(&self) -> bool {
        match self {
            Self::Keep(_, Kept::Answer { bytes, .. }, _) => bytes.len() > MAX_KEPT_BYTES,
            _ => false,
        }
    }
}

/// Makes a change; `false` when it is not possible.
pub(in crate::sqlite) async fn apply(
    connection: &mut SqliteConnection,
    scope: &Scope,
    name: &Name,
    change: &OnceChange,
) -> Result<bool, sqlx::Error> {
    let query = match change {
        OnceChange::Claim(claim) => owned(sql::CLAIM, scope, name)
            .bind(claim.now.millis())
            .bind(claim.request.as_str())
            .bind(claim.body.0.as_slice())
            .bind(claim.holder.as_str())
            .bind(claim.until.millis()),
        OnceChange::Renew(holder, until) => {
            owned(sql::RENEW, scope, name).bind(holder.as_str()).bind(until.millis())
        }
        OnceChange::Keep(holder, kept, until) => {
            let (kind, answer, of) = columns(kept);
            let keep = owned(sql::KEEP, scope, name).bind(holder.as_str()).bind(until.millis());
            keep.bind(kind).bind(answer).bind(of.map(ResponseId::as_str))
        }
        OnceChange::Release(holder) => owned(sql::RELEASE, scope, name).bind(holder.as_str()),
    };
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

/// Deletes some of what has run out; `true` when there may be more.
pub(in crate::sqlite) async fn sweep(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let limit = i64::try_from(SWEPT_AT_ONCE).unwrap_or(i64::MAX);
    let sweep = sqlx::query(sql::SWEEP).bind(now.millis()).bind(limit);
    Ok(sweep.execute(connection).await?.rows_affected() == SWEPT_AT_ONCE)
}

fn columns(kept: &Kept) -> (&'static str, Option<&[u8]>, Option<&ResponseId>) {
    match kept {
        Kept::Answer { form, bytes, of } => {
            let kind = match form {
                Form::Json => "json",
                Form::Events => "events",
            };
            (kind, Some(bytes), of.as_ref())
        }
        Kept::Response { id, form } => {
            let kind = match form {
                Form::Json => "response",
                Form::Events => "response_events",
            };
            (kind, None, Some(id))
        }
        Kept::TooLarge => ("too_large", None, None),
    }
}

fn owned<'q>(
    statement: &'static str,
    scope: &'q Scope,
    name: &'q Name,
) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(statement)
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(&*scope.key)
        .bind(name.route.as_str())
        .bind(name.key.as_str())
}
