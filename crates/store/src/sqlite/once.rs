//! Requests that are answered once, in the same file.
//!
//! # Layout
//!
//! - `sql`: every statement. `write`: the changes, within the writer's transaction.

use async_trait::async_trait;
use bytes::Bytes;
use transom_core::clock::Timestamp;
use transom_core::id::{ClaimId, RequestId, ResponseId};
use transom_core::port::once::{BodyHash, Claim, Claimed, Entry, Form, Kept, Name, OnceStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

use super::SqliteStore;
use super::error::{Fault, store_error};
use super::write::Change;

pub(super) mod sql;
mod write;

pub(super) use write::{OnceChange, apply, sweep};

/// A key that is taken and free again by the time it is looked at is claimed anew, this often.
const ATTEMPTS: usize = 4;

impl SqliteStore {
    async fn once(
        &self,
        scope: &Scope,
        name: &Name,
        change: OnceChange,
    ) -> Result<bool, StoreError> {
        self.writer.submit(scope, Change::Once(name.clone(), change)).await
    }

    async fn entry(
        &self,
        scope: &Scope,
        name: &Name,
        now: Timestamp,
    ) -> Result<Option<Entry>, StoreError> {
        let row: Option<Row> = sqlx::query_as(sql::FIND)
            .bind(&*scope.org)
            .bind(&*scope.team)
            .bind(&*scope.key)
            .bind(name.route.as_str())
            .bind(name.key.as_str())
            .bind(now.millis())
            .fetch_optional(&self.readers)
            .await
            .map_err(store_error)?;
        row.map(Row::entry).transpose()
    }
}

#[async_trait]
impl OnceStore for SqliteStore {
    async fn claim(&self, scope: &Scope, name: &Name, claim: Claim) -> Result<Claimed, StoreError> {
        for _ in 0..ATTEMPTS {
            // A look first: a repeat costs no transaction.
            if let Some(entry) = self.entry(scope, name, claim.now).await? {
                return Ok(Claimed::Taken(entry));
            }
            if self.once(scope, name, OnceChange::Claim(Box::new(claim.clone()))).await? {
                return Ok(Claimed::Granted);
            }
        }
        // Whoever else is at it has the key more often than not.
        let Claim { request, body, .. } = claim;
        Ok(Claimed::Taken(Entry { request, body, kept: None }))
    }

    async fn renew(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.once(scope, name, OnceChange::Renew(holder.clone(), until)).await
    }

    async fn keep(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
        kept: Kept,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.once(scope, name, OnceChange::Keep(holder.clone(), kept, until)).await
    }

    async fn release(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
    ) -> Result<bool, StoreError> {
        self.once(scope, name, OnceChange::Release(holder.clone())).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(&Scope::local(), Change::SweepOnce(now)).await
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    request_id: String,
    body_hash: Vec<u8>,
    kind: String,
    response_id: Option<String>,
    answer: Option<Vec<u8>>,
}

impl Row {
    fn entry(self) -> Result<Entry, StoreError> {
        let request = RequestId::from_client(&self.request_id).ok_or(Fault::UnknownId)?;
        let body = BodyHash(self.body_hash.try_into().map_err(|_| Fault::UnknownKind)?);
        let answer = |form, answer: Option<Vec<u8>>| {
            let bytes = Bytes::from(answer.unwrap_or_default());
            Some(Kept::Answer { form, bytes, of: None })
        };
        let shown = |id: Option<String>, form| {
            let id = id.as_deref().and_then(ResponseId::parse).ok_or(Fault::UnknownId)?;
            Ok::<_, StoreError>(Some(Kept::Response { id, form }))
        };
        let kept = match self.kind.as_str() {
            "claim" => None,
            "json" => answer(Form::Json, self.answer),
            "events" => answer(Form::Events, self.answer),
            "response" => shown(self.response_id, Form::Json)?,
            "response_events" => shown(self.response_id, Form::Events)?,
            "too_large" => Some(Kept::TooLarge),
            _ => return Err(Fault::UnknownKind.into()),
        };
        Ok(Entry { request, body, kept })
    }
}
