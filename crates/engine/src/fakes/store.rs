//! A store that keeps, fails or panics.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use transom_core::Json;
use transom_core::id::ResponseId;
use transom_core::port::store::{
    ItemPage, Lookup, PageLookup, PageQuery, ResponseStore, StoreError, StoredItem, TurnRecord,
};
use transom_core::scope::Scope;

/// What the store does with a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// It keeps it.
    Turns,
    /// It is not available.
    Nothing,
    /// The adapter panics.
    Panicking,
}

/// The store.
pub(super) struct Shelf {
    pub(super) keeps: Keeps,
    pub(super) records: Arc<Mutex<Vec<TurnRecord>>>,
}

#[async_trait]
impl ResponseStore for Shelf {
    async fn commit_turn(&self, _scope: &Scope, turn: TurnRecord) -> Result<(), StoreError> {
        match self.keeps {
            Keeps::Turns => {
                self.records.lock().unwrap_or_else(PoisonError::into_inner).push(turn);
                Ok(())
            }
            Keeps::Nothing => Err(StoreError::Unavailable("the disk is full".into())),
            Keeps::Panicking => panic!("a store with a defect"),
        }
    }

    async fn response(&self, _: &Scope, _: &ResponseId) -> Result<Option<Json>, StoreError> {
        Ok(None)
    }

    async fn history(&self, _: &Scope, _: &ResponseId, _: u32) -> Result<Lookup, StoreError> {
        Ok(Lookup::Missing)
    }

    async fn input_items(
        &self,
        _: &Scope,
        _: &ResponseId,
        _: &PageQuery,
    ) -> Result<PageLookup, StoreError> {
        Ok(PageLookup::Found(ItemPage { items: Vec::new(), has_more: false }))
    }

    async fn items_by_id(
        &self,
        _: &Scope,
        _: &[&str],
    ) -> Result<Option<Vec<StoredItem>>, StoreError> {
        Ok(Some(Vec::new()))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, _: &Scope, _: &ResponseId) -> Result<bool, StoreError> {
        Ok(false)
    }
}
