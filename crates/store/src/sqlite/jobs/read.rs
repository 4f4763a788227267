//! The reads of jobs. Each is one statement, hence one moment of the database.

use bytes::Bytes;
use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use transom_core::clock::Timestamp;
use transom_core::id::ResponseId;
use transom_core::port::jobs::{Events, JobState};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

use super::super::error::store_error;
use super::sql;

/// Bytes of events after which a page is full. A page has one row at least.
pub const MAX_EVENTS_PAGE: usize = 256 << 10;

/// Most rows of a page.
const MAX_ROWS: i64 = 512;

pub(super) async fn state(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ResponseId,
) -> Result<Option<JobState>, StoreError> {
    let row: Option<(i64, Option<i64>)> = sqlx::query_as(sql::STATE)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    Ok(row.map(|(events, kept_until)| JobState {
        events: unsigned(events),
        kept_until: kept_until.map(Timestamp::from_millis),
    }))
}

pub(super) async fn events(
    readers: &SqlitePool,
    scope: &Scope,
    id: &ResponseId,
    first: u64,
) -> Result<Vec<Events>, StoreError> {
    let mut rows = sqlx::query_as::<_, (i64, i64, Vec<u8>)>(sql::EVENTS)
        .bind(id.as_str())
        .bind(&*scope.org)
        .bind(&*scope.team)
        .bind(i64::try_from(first).unwrap_or(i64::MAX))
        .bind(MAX_ROWS)
        .fetch(readers);
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some((begins, count, frames)) = rows.try_next().await.map_err(store_error)? {
        let events =
            Events { first: unsigned(begins), count: unsigned(count), frames: Bytes::from(frames) };
        // The row that holds the event before the one asked for may come too.
        if events.first.saturating_add(events.count) <= first {
            continue;
        }
        bytes += events.frames.len();
        page.push(events);
        if bytes >= MAX_EVENTS_PAGE {
            break;
        }
    }
    Ok(page)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
