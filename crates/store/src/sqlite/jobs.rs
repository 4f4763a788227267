//! Jobs in the same file.
//!
//! # Layout
//!
//! - `sql`: every statement. `read` and `write`: what runs them. `rows`: what they find.

use std::sync::Arc;

use async_trait::async_trait;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::id::ResponseId;
use transom_core::port::jobs::{
    Events, HeldJob, Holder, JobLease, JobOrder, JobState, JobStore, Left, Orphan,
};
use transom_core::port::store::{StoreError, TurnRecord};
use transom_core::scope::Scope;

use super::SqliteStore;
use super::error::Fault;
use super::write::Change;

mod read;
mod rows;
pub(super) mod sql;
mod write;

pub use read::MAX_EVENTS_PAGE;
use write::{Accepted, Slot, taken};
pub(super) use write::{JobChange, apply, end, is_held};

/// A row that no version of the program wrote: damage, in the writer's transaction.
fn unreadable() -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Fault::UnknownId))
}

impl SqliteStore {
    async fn change_job(&self, scope: &Scope, change: JobChange) -> Result<bool, StoreError> {
        self.writer.submit(scope, Change::Job(change)).await
    }

    /// A change by whoever runs the job.
    async fn by_holder(&self, scope: &Scope, change: JobChange) -> Result<(), StoreError> {
        if self.change_job(scope, change).await? { Ok(()) } else { Err(StoreError::Conflict) }
    }
}

#[async_trait]
impl JobStore for SqliteStore {
    async fn accept(
        &self,
        scope: &Scope,
        turn: TurnRecord,
        order: JobOrder,
        lease: JobLease,
        events: Events,
    ) -> Result<(), StoreError> {
        let accepted = Box::new(Accepted { turn, order, lease, events });
        self.change_job(scope, JobChange::Accept(accepted)).await.map(drop)
    }

    async fn append(
        &self,
        scope: &Scope,
        id: &ResponseId,
        holder: &Holder,
        events: Events,
        begun: Option<Json>,
    ) -> Result<(), StoreError> {
        let (id, holder) = (id.clone(), holder.clone());
        self.by_holder(scope, JobChange::Append { id, holder, events, begun }).await
    }

    async fn job(&self, scope: &Scope, id: &ResponseId) -> Result<Option<JobState>, StoreError> {
        read::state(&self.readers, scope, id).await
    }

    async fn events(
        &self,
        scope: &Scope,
        id: &ResponseId,
        first: u64,
    ) -> Result<Vec<Events>, StoreError> {
        read::events(&self.readers, scope, id, first).await
    }

    async fn ask_to_cancel(&self, scope: &Scope, id: &ResponseId) -> Result<bool, StoreError> {
        self.change_job(scope, JobChange::AskToCancel(id.clone())).await
    }

    async fn seize(
        &self,
        scope: &Scope,
        id: &ResponseId,
        lease: JobLease,
    ) -> Result<Option<Orphan>, StoreError> {
        let found = Slot::default();
        let seize = JobChange::Seize(id.clone(), lease, Arc::clone(&found));
        self.change_job(scope, seize).await?;
        Ok(taken(&found).pop())
    }

    async fn renew(&self, lease: JobLease) -> Result<Vec<HeldJob>, StoreError> {
        let found = Slot::default();
        let renew = JobChange::Renew(lease, Arc::clone(&found));
        self.change_job(&Scope::local(), renew).await?;
        Ok(taken(&found))
    }

    async fn let_go(
        &self,
        scope: &Scope,
        id: &ResponseId,
        holder: &Holder,
    ) -> Result<(), StoreError> {
        self.by_holder(scope, JobChange::LetGo(id.clone(), holder.clone())).await
    }

    async fn adopt(
        &self,
        lease: JobLease,
        now: Timestamp,
        left: (Left, u32),
    ) -> Result<Vec<Orphan>, StoreError> {
        let found = Slot::default();
        let adopt = JobChange::Adopt { lease, now, left, found: Arc::clone(&found) };
        self.change_job(&Scope::local(), adopt).await?;
        Ok(taken(&found))
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<bool, StoreError> {
        self.change_job(&Scope::local(), JobChange::Expire(now, limit)).await
    }
}
