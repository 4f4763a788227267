//! Responses, conversations, jobs, models and sealing keys in one SQLite file.
//!
//! Several processes may share the file. Writes go through one task that owns one connection and
//! puts all that waits into one transaction, hence one fsync; reads use a small pool beside it and
//! never wait for a writer. Each connection has a thread of its own, so a slow disk or a lock held
//! elsewhere stalls no task of the runtime.
//!
//! # Layout
//!
//! - `config`: the settings. `open`: from a path to checked, migrated connections. `migrate`: the
//!   schema's versions.
//! - `sql`: every statement about responses. `read` and `write`: what runs them.
//! - `conversations`, `jobs`, `models`, `once` and `sealing`: the other ports, with their statements.
//! - `error`: what SQLite's result codes mean here.

mod config;
mod conversations;
mod error;
mod jobs;
mod migrate;
mod models;
mod once;
mod open;
mod read;
mod sealing;
mod sql;
mod write;

use async_trait::async_trait;
use sqlx::SqlitePool;
use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::store::{
    Lookup, PageLookup, PageQuery, ResponseStore, StoreError, StoredItem, TurnRecord,
};
use transom_core::scope::Scope;

pub use config::{Durability, StoreConfig};
pub use conversations::MAX_CONVERSATION_ITEMS;
pub use error::OpenError;
pub use jobs::MAX_EVENTS_PAGE;
pub use migrate::Report;
pub use models::models_in;
pub use open::migrate;
pub use read::{MAX_DEPTH, MAX_HISTORY_BYTES};
pub use write::{Counters, MAX_BATCH, MAX_QUEUE, MAX_TURN_BYTES};

use write::{Change, Writer, insert_item, insert_response};

/// The responses, conversations, jobs, models and sealing keys in one SQLite file.
///
/// Dropping it lets the writes already accepted finish in the background; [`SqliteStore::close`]
/// waits for them.
#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the file, creates it where there is none (readable by its owner only) and brings its
    /// schema up to date. A file that is not ours, or newer than this program, is left as it was.
    ///
    /// Needs a Tokio runtime, on which the writer's task runs from then on.
    pub async fn open(config: StoreConfig) -> Result<Self, OpenError> {
        let (readers, connection, options) = open::connect(&config).await?;
        Ok(Self { readers, writer: Writer::start(connection, options) })
    }

    /// What the writer has done since the store was opened.
    pub fn counters(&self) -> Counters {
        self.writer.counters()
    }

    /// Refuses further writes, finishes those accepted, and closes the file.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

#[async_trait]
impl ResponseStore for SqliteStore {
    async fn commit_turn(&self, scope: &Scope, turn: TurnRecord) -> Result<(), StoreError> {
        let written = self.writer.submit(scope, Change::Commit(Box::new(turn))).await?;
        if written { Ok(()) } else { Err(StoreError::Conflict) }
    }

    async fn response(&self, scope: &Scope, id: &ResponseId) -> Result<Option<Json>, StoreError> {
        read::response(&self.readers, scope, id).await
    }

    async fn history(
        &self,
        scope: &Scope,
        id: &ResponseId,
        depth: u32,
    ) -> Result<Lookup, StoreError> {
        read::history(&self.readers, scope, id, depth).await
    }

    async fn input_items(
        &self,
        scope: &Scope,
        id: &ResponseId,
        page: &PageQuery,
    ) -> Result<PageLookup, StoreError> {
        read::input_items(&self.readers, scope, id, page).await
    }

    async fn items_by_id(
        &self,
        scope: &Scope,
        ids: &[&str],
    ) -> Result<Option<Vec<StoredItem>>, StoreError> {
        read::items_by_id(&self.readers, scope, ids).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        sqlx::query(sql::PROBE).fetch_one(&self.readers).await.map(drop).map_err(error::store_error)
    }

    async fn delete(&self, scope: &Scope, id: &ResponseId) -> Result<bool, StoreError> {
        self.writer.submit(scope, Change::Delete(id.clone())).await
    }
}

#[cfg(test)]
mod tests;
