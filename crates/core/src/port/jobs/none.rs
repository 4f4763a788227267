//! A store of jobs that has none.

use async_trait::async_trait;

use super::{Events, HeldJob, Holder, JobLease, JobOrder, JobState, JobStore, Left, Orphan};
use crate::Json;
use crate::clock::Timestamp;
use crate::id::ResponseId;
use crate::port::store::{StoreError, TurnRecord};
use crate::scope::Scope;

/// A store without jobs: what is asked to run in the background is refused. For tests of what has
/// nothing to do with jobs.
#[derive(Clone, Copy, Debug)]
pub struct NoJobs;

#[async_trait]
impl JobStore for NoJobs {
    async fn accept(
        &self,
        _: &Scope,
        _: TurnRecord,
        _: JobOrder,
        _: JobLease,
        _: Events,
    ) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("there are no jobs".into()))
    }

    async fn append(
        &self,
        _: &Scope,
        _: &ResponseId,
        _: &Holder,
        _: Events,
        _: Option<Json>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Conflict)
    }

    async fn job(&self, _: &Scope, _: &ResponseId) -> Result<Option<JobState>, StoreError> {
        Ok(None)
    }

    async fn events(&self, _: &Scope, _: &ResponseId, _: u64) -> Result<Vec<Events>, StoreError> {
        Ok(Vec::new())
    }

    async fn ask_to_cancel(&self, _: &Scope, _: &ResponseId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn seize(
        &self,
        _: &Scope,
        _: &ResponseId,
        _: JobLease,
    ) -> Result<Option<Orphan>, StoreError> {
        Ok(None)
    }

    async fn renew(&self, _: JobLease) -> Result<Vec<HeldJob>, StoreError> {
        Ok(Vec::new())
    }

    async fn let_go(&self, _: &Scope, _: &ResponseId, _: &Holder) -> Result<(), StoreError> {
        Err(StoreError::Conflict)
    }

    async fn adopt(
        &self,
        _: JobLease,
        _: Timestamp,
        _: (Left, u32),
    ) -> Result<Vec<Orphan>, StoreError> {
        Ok(Vec::new())
    }

    async fn expire(&self, _: Timestamp, _: u32) -> Result<bool, StoreError> {
        Ok(false)
    }
}
