//! One model server: its key, its limits, its state.
//!
//! # Layout
//!
//! - this file: [`Backend`], how it is made and what it is told.
//! - `call`: how it is called; implements the port.
//! - [`settings`]: what all servers of a gateway share.
//! - `load` and `glance`: its load and its standing, readable without a lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as StdInstant};

use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, InvalidHeaderValue};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use transom_core::backend::{
    BackendId, BackendKey, BackendSpec, BackendState, Load, Offer, ServedModel,
};

mod call;
mod glance;
mod load;
pub mod settings;

use glance::GlanceCell;
use settings::Settings;

use crate::base::{Base, BaseError};
use crate::dns::LastGood;
use crate::explain::{Place, Surroundings};
use crate::health::{Child, Health, Override, Pace};
use crate::probe::Seen;
use crate::tls::TlsError;
use crate::transport::Transport;

/// A model server behind the port.
///
/// It belongs to one configuration; the next one has another `Backend` for the same server, which
/// takes over connections and knowledge. Requests in flight keep the one they began with.
pub struct Backend {
    spec: BackendSpec,
    base: Base,
    headers: HeaderMap,
    transport: Arc<Transport>,
    surroundings: Surroundings,
    relist: Duration,
    health: Mutex<Health>,
    state: watch::Sender<BackendState>,
    glance: GlanceCell,
    served: Mutex<Arc<[ServedModel]>>,
    offer: Mutex<Offer>,
    stir: Notify,
}

/// A server that cannot be built as it is declared.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Its URL.
    #[error("url {url:?}: {source}")]
    Url {
        /// As it is written.
        url: Arc<str>,
        /// What is wrong.
        source: BaseError,
    },
    /// Its key.
    #[error("its key has characters that cannot be sent in a header (a line break, perhaps)")]
    Key(#[from] InvalidHeaderValue),
    /// Its certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Backend {
    /// Builds a server. `carry` is the one of the same id in the old configuration: its
    /// connections are used on when URL, TLS and connect timeout are the same; what is known of
    /// the server stays known when the key is the same, too, and otherwise it is asked anew.
    pub fn new(
        spec: &BackendSpec,
        settings: &Settings,
        carry: Option<&Self>,
    ) -> Result<Self, BackendError> {
        let url = |source| BackendError::Url { url: Arc::clone(&spec.url), source };
        let base = Base::parse(&spec.url).map_err(url)?;
        let transport = Transport::open(
            &base,
            &spec.tls,
            spec.connect_timeout,
            &settings.resolver,
            carry.map(|old| &old.transport),
        )?;
        let now = now();
        let alike = carry.filter(|old| old.base == base);
        let known = carry.filter(|old| old.is_same_server(spec, &base, &transport));
        let health = match (carry, known) {
            (None, _) => Health::new(settings.startup_grace, now),
            (_, Some(same)) => same.health().clone(),
            (Some(old), None) => old.health().changed(settings.startup_grace, now),
        };
        let backend = Self {
            headers: own_headers(&spec.key)?,
            spec: spec.clone(),
            base,
            transport,
            surroundings: settings.surroundings,
            relist: settings.relist,
            glance: GlanceCell::new(health.state(now).standing()),
            state: watch::Sender::new(health.state(now)),
            health: Mutex::new(health),
            served: Mutex::new(alike.map(Self::listed).unwrap_or_default()),
            offer: Mutex::new(alike.map(Self::offered).unwrap_or_default()),
            stir: Notify::new(),
        };
        backend.glance.load.set(known.and_then(|same| same.glance.load.get()));
        backend.refresh();
        Ok(backend)
    }

    /// Whether nothing has changed that what is known of it depends on.
    fn is_same_server(&self, spec: &BackendSpec, base: &Base, transport: &Arc<Transport>) -> bool {
        let same_way = Arc::ptr_eq(&self.transport, transport);
        let same_use = self.spec.api_kind == spec.api_kind;
        self.base == *base && same_way && same_use && same_key(&self.spec.key, &spec.key)
    }

    /// Whether it is declared exactly so. Certificates are compared by what is in their files now.
    pub(crate) fn is_declared_as(&self, spec: &BackendSpec) -> bool {
        let old = &self.spec;
        old.id == spec.id
            && old.url == spec.url
            && old.tls == spec.tls
            && old.probe == spec.probe
            && old.api_kind == spec.api_kind
            && same_key(&old.key, &spec.key)
            && self.transport.is_opened_with(&self.base, &spec.tls, spec.connect_timeout)
    }

    /// As it is declared.
    pub fn spec(&self) -> &BackendSpec {
        &self.spec
    }

    /// Its name.
    pub fn id(&self) -> &BackendId {
        &self.spec.id
    }

    /// Where it is.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Host and port, as logs show the server.
    pub fn authority(&self) -> &str {
        self.base.authority()
    }

    pub(crate) fn place(&self) -> Place<'_> {
        // An address at which it has answered leads to it, whatever the gateway runs in.
        let answered = !self.listed().is_empty();
        let surroundings = if answered { Surroundings::Machine } else { self.surroundings };
        Place { base: &self.base, surroundings }
    }

    pub(crate) fn names(&self) -> &LastGood {
        self.transport.names()
    }

    /// The server's state, for those who wait for a change.
    pub fn watch(&self) -> watch::Receiver<BackendState> {
        self.state.subscribe()
    }

    /// Takes an operator's word; it is carried over to the next configuration.
    pub fn set_override(&self, operator: Override) {
        self.told(|health, _| health.set_override(operator));
        self.stir.notify_one();
    }

    /// The operator's word, as it was given.
    pub fn operator(&self) -> Override {
        self.health().operator().clone()
    }

    /// Takes the word of a supervisor whose child is this server.
    pub fn set_child(&self, child: Child) {
        self.told(|health, now| health.set_child(child, now));
        self.stir.notify_one();
    }

    /// Has it asked at once.
    pub fn doubt(&self) {
        self.stir.notify_one();
    }

    /// Waits until there is a reason to ask before it is time.
    pub(crate) async fn stirred(&self) {
        self.stir.notified().await;
    }

    pub(crate) fn set_grace(&self, grace: Duration) {
        self.told(|health, _| health.set_grace(grace));
    }

    pub(crate) fn probed(&self, seen: Seen) {
        if seen != Seen::Ready {
            self.glance.load.set(None);
        }
        self.told(|health, now| health.probed(seen, now));
    }

    pub(crate) fn loaded(&self, load: Option<Load>) {
        self.glance.load.set(load);
        self.told(|health, _| health.loaded(load));
    }

    /// Keeps the list of models that the server gave.
    pub(crate) fn serves(&self, models: Arc<[ServedModel]>) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        if *served == models {
            return;
        }
        *served = models;
        drop(served);
        self.glance.listed();
        // Who waits for the state waits for the names, too.
        self.state.send_modify(|_| {});
    }

    /// Keeps what the server says of its routes, and tells it when it is news.
    pub(crate) fn offers(&self, offer: Offer) {
        let mut known = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *known, offer) == offer {
            return;
        }
        drop(known);
        let (backend, at) = (self.id(), self.authority());
        let (chat_completions, responses) = (offer.chat_completions.word(), offer.responses.word());
        let api_kind = self.spec.api_kind.word();
        tracing::info!(
            %backend, at, chat_completions, responses, api_kind,
            "the routes of the model server are known",
        );
    }

    pub(crate) fn offered(&self) -> Offer {
        *self.offer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listed(&self) -> Arc<[ServedModel]> {
        Arc::clone(&self.served.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn pace(&self) -> Pace {
        self.health().pace(self.spec.probe, now())
    }

    /// How often its list of models is read while it is not probed.
    pub(crate) fn relist(&self) -> Duration {
        self.relist
    }

    pub(crate) fn wakes_at(&self) -> Option<StdInstant> {
        self.health().wakes_at()
    }

    /// Publishes what time alone has changed.
    pub(crate) fn refresh(&self) {
        self.told(|_, _| {});
    }

    /// Whether it must never be called, since its key is missing.
    pub(crate) fn is_barred(&self) -> bool {
        matches!(self.spec.key, BackendKey::Missing(_))
    }

    /// Tells requests that wait in a configuration that has gone that waiting is in vain there.
    pub(crate) fn retire(&self) {
        let mut health = self.health();
        if !self.state.borrow().takes_requests() {
            let reason: Arc<str> = Arc::from("a newer configuration has taken over");
            let gone = Override::Draining { reason: Arc::clone(&reason), until: None };
            health.set_override(gone);
            // Not logged: the server of the newer configuration is the one to read about.
            self.stands(BackendState::Draining { reason });
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, change: impl FnOnce(&mut Health, StdInstant)) {
        let now = now();
        // Held until the new state is published: of two changes the later one must stay.
        let mut health = self.health();
        change(&mut health, now);
        let state = match &self.spec.key {
            BackendKey::Missing(why) => BackendState::Misconfigured { reason: Arc::clone(why) },
            BackendKey::None | BackendKey::Key(_) => health.state(now),
        };
        if *self.state.borrow() != state {
            self.publish(state);
        }
    }

    fn publish(&self, next: BackendState) {
        let (backend, at) = (self.id(), self.authority());
        let (word, reason) = (next.word(), next.reason());
        let same_word = self.state.borrow().word() == word;
        match &next {
            // Its reason has numbers in it: only its beginning is told.
            BackendState::Degraded { .. } if same_word => {}
            BackendState::Unreachable { .. }
            | BackendState::Misconfigured { .. }
            | BackendState::Degraded { .. } => {
                tracing::warn!(%backend, at, state = word, reason, "the model server is {word}");
            }
            BackendState::Ready | BackendState::Loading { .. } | BackendState::Draining { .. } => {
                tracing::info!(%backend, at, state = word, reason, "the model server is {word}");
            }
        }
        self.stands(next);
    }

    /// Tells those who wait, who may look at once: what is told at a glance comes first.
    fn stands(&self, state: BackendState) {
        self.glance.stands(state.standing());
        self.state.send_replace(state);
    }
}

/// The time, as paused clocks of tests tell it, too.
fn now() -> StdInstant {
    Instant::now().into_std()
}

fn same_key(left: &BackendKey, right: &BackendKey) -> bool {
    match (left, right) {
        (BackendKey::None, BackendKey::None) => true,
        (BackendKey::Key(left), BackendKey::Key(right)) => left.expose() == right.expose(),
        (BackendKey::Missing(left), BackendKey::Missing(right)) => left == right,
        _ => false,
    }
}

/// The headers of every call. The list is closed: nothing of the client's request is added.
fn own_headers(key: &BackendKey) -> Result<HeaderMap, InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let BackendKey::Key(key) = key {
        let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}
