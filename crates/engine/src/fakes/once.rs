//! A store of keys in memory, which can be taken away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use transom_core::clock::Timestamp;
use transom_core::id::ClaimId;
use transom_core::port::once::{Claim, Claimed, Entry, Kept, Name, OnceStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

/// The store.
#[derive(Default)]
pub(crate) struct Keys {
    rows: Mutex<Rows>,
    /// It is not available.
    pub(crate) away: AtomicBool,
}

struct Row {
    entry: Entry,
    holder: Option<ClaimId>,
    until: Timestamp,
}

type Rows = HashMap<(Scope, Name), Row>;

impl Keys {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn rows(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        Ok(self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a row that is the holder's.
    fn change(
        &self,
        (scope, name, holder): (&Scope, &Name, &ClaimId),
        change: impl FnOnce(&mut Row),
    ) -> Result<bool, StoreError> {
        let mut rows = self.rows()?;
        let row = rows.get_mut(&(scope.clone(), name.clone()));
        let row = row.filter(|row| row.holder.as_ref() == Some(holder));
        Ok(row.map(change).is_some())
    }
}

#[async_trait]
impl OnceStore for Keys {
    async fn claim(&self, scope: &Scope, name: &Name, claim: Claim) -> Result<Claimed, StoreError> {
        let mut rows = self.rows()?;
        let at = (scope.clone(), name.clone());
        if let Some(row) = rows.get(&at).filter(|row| row.until > claim.now) {
            return Ok(Claimed::Taken(row.entry.clone()));
        }
        let Claim { holder, request, body, until, .. } = claim;
        let entry = Entry { request, body, kept: None };
        rows.insert(at, Row { entry, holder: Some(holder), until });
        Ok(Claimed::Granted)
    }

    async fn renew(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change((scope, name, holder), |row| row.until = until)
    }

    async fn keep(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
        kept: Kept,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change((scope, name, holder), |row| {
            row.entry.kept = Some(kept);
            (row.holder, row.until) = (None, until);
        })
    }

    async fn release(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
    ) -> Result<bool, StoreError> {
        let mine = self.change((scope, name, holder), |_| {})?;
        Ok(mine && self.rows()?.remove(&(scope.clone(), name.clone())).is_some())
    }

    async fn sweep(&self, now: Timestamp) -> Result<bool, StoreError> {
        let mut rows = self.rows()?;
        let old = rows.iter().find(|(_, row)| row.until <= now).map(|(at, _)| at.clone());
        Ok(old.is_some_and(|at| rows.remove(&at).is_some()))
    }
}
