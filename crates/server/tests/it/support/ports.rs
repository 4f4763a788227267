//! The ports of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, Full};
use transom_core::Json;
use transom_core::backend::{BackendId, BackendState, Load, ServedModel};
use transom_core::clock::{Clock, Timestamp};
use transom_core::id::{ClaimId, IdSource, ResponseId};
use transom_core::port::once::{Claim, Claimed, Kept, Name, OnceStore};
use transom_core::port::store::{
    Lookup, PageLookup, PageQuery, ResponseStore, StoreError, StoredItem, TurnRecord,
};
use transom_core::port::upstream::{Glance, Upstream, UpstreamReply, UpstreamRequest};
use transom_core::scope::Scope;
use transom_core::upstream_error::UpstreamError;

use super::{NOON, fleet};

pub(super) fn server(id: &BackendId) -> Arc<dyn Upstream> {
    Arc::new(Server(id.0.to_string()))
}

/// Answers with the route it was called on and the body it got.
struct Server(String);

#[async_trait]
impl Upstream for Server {
    async fn call(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError> {
        let got = String::from_utf8_lossy(&request.body).into_owned();
        let said = format!(r#"{{"route":"{}","got":{got}}}"#, request.route.path());
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        let body = Full::new(Bytes::from(said)).map_err(|never| match never {});
        Ok(UpstreamReply { status: StatusCode::OK, headers, body: Box::pin(body) })
    }

    fn state(&self) -> BackendState {
        fleet::state(&self.0)
    }

    async fn changed(&self) {
        std::future::pending::<()>().await;
    }

    fn glance(&self) -> Glance {
        Glance { standing: self.state().standing(), waiting: 0, lists: 0 }
    }

    fn load(&self) -> Option<Load> {
        fleet::load(&self.0)
    }

    fn served(&self) -> Arc<[ServedModel]> {
        fleet::served(&self.0)
    }

    fn doubt_names(&self) {}

    fn observe(&self, _: Result<(), &UpstreamError>) {}
}

/// A store that can be taken away.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) away: AtomicBool,
}

pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable("the disk is full".into())
}

#[async_trait]
impl ResponseStore for Shelf {
    async fn commit_turn(&self, _: &Scope, _: TurnRecord) -> Result<(), StoreError> {
        Err(unavailable())
    }

    async fn response(&self, _: &Scope, _: &ResponseId) -> Result<Option<Json>, StoreError> {
        Err(unavailable())
    }

    async fn history(&self, _: &Scope, _: &ResponseId, _: u32) -> Result<Lookup, StoreError> {
        Err(unavailable())
    }

    async fn input_items(
        &self,
        _: &Scope,
        _: &ResponseId,
        _: &PageQuery,
    ) -> Result<PageLookup, StoreError> {
        Err(unavailable())
    }

    async fn items_by_id(
        &self,
        _: &Scope,
        _: &[&str],
    ) -> Result<Option<Vec<StoredItem>>, StoreError> {
        Err(unavailable())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::Relaxed) { Err(unavailable()) } else { Ok(()) }
    }

    async fn delete(&self, _: &Scope, _: &ResponseId) -> Result<bool, StoreError> {
        Err(unavailable())
    }
}

#[async_trait]
impl OnceStore for Shelf {
    async fn claim(&self, _: &Scope, _: &Name, _: Claim) -> Result<Claimed, StoreError> {
        Err(unavailable())
    }

    async fn renew(
        &self,
        _: &Scope,
        _: &Name,
        _: &ClaimId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Err(unavailable())
    }

    async fn keep(
        &self,
        _: &Scope,
        _: &Name,
        _: &ClaimId,
        _: Kept,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Err(unavailable())
    }

    async fn release(&self, _: &Scope, _: &Name, _: &ClaimId) -> Result<bool, StoreError> {
        Err(unavailable())
    }

    async fn sweep(&self, _: Timestamp) -> Result<bool, StoreError> {
        Err(unavailable())
    }
}

pub(super) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOON * 1000)
    }
}

#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl IdSource for Counter {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
