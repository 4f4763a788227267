//! Exchanges the configuration of a running gateway.
//!
//! Everything that changes it (a file, a signal, the admin API, another gateway that shares the
//! store) ends in [`Controller::reload`]: files and store are read anew, a whole new snapshot is
//! built and checked aside, and only then it takes the place of the old one. Whatever is wrong
//! keeps the old one, and is said in the log, the metrics and `/readyz`.
//!
//! # Layout
//!
//! - this file: the exchange. `watch`: what sets it off. `view`: what operators see.
//! - `rows`: models that are written through the admin API; `keys`: sealing keys. `port`: the
//!   engine's `Control`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use transom_config::{AdminModel, GatewayConfig};
use transom_core::clock::{Clock, Timestamp};
use transom_core::id::IdSource;
use transom_core::port::models::{ModelRow, ModelStore};
use transom_engine::control::{Rejected, Revision};
use transom_engine::gateway::Gateway;
use transom_server::edge::Edge;
use transom_upstream::Settings as BackendSettings;
use transom_upstream::registry::Backends;

use crate::compose::edge::edge_limits;
use crate::compose::sealing::{Keys, Locksmith};
use crate::compose::snapshot;
use crate::recipe::{Recipe, Refused};

mod boot;
mod keys;
mod marks;
mod port;
mod rows;
mod view;
mod watch;

use boot::Boot;
use marks::Marks;

/// Exchanges the configuration.
pub(crate) struct Controller {
    recipe: Recipe,
    gateway: Arc<Gateway>,
    store: Arc<dyn ModelStore>,
    locksmith: Locksmith,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    upstream: BackendSettings,
    edge: Arc<Edge>,
    /// What can only be changed by a restart.
    boot: Boot,
    /// One exchange at a time.
    exchange: tokio::sync::Mutex<()>,
    now: Mutex<Now>,
    marks: Mutex<Marks>,
}

/// What is in effect.
struct Now {
    backends: Arc<Backends>,
    rows: Vec<ModelRow>,
    revision: Revision,
    /// The store's revision when it was last read, whatever became of that.
    store_read: i64,
    /// Likewise of the sealing keys.
    keys_read: i64,
    sources: Vec<PathBuf>,
    shutdown_timeout: Duration,
}

/// What a controller begins with.
pub(crate) struct First {
    pub(crate) recipe: Recipe,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) store: Arc<dyn ModelStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) upstream: BackendSettings,
    pub(crate) edge: Arc<Edge>,
    pub(crate) backends: Arc<Backends>,
    pub(crate) rows: Vec<ModelRow>,
    pub(crate) store_revision: i64,
    pub(crate) locksmith: Locksmith,
    pub(crate) keys_revision: i64,
}

impl Controller {
    /// A controller of a gateway that was made of `config`.
    pub(crate) fn new(first: First, config: &GatewayConfig) -> Self {
        let sources = config.sources.clone();
        let revision = Revision {
            number: first.gateway.snapshot().revision,
            digest: digest(&sources, &first.rows),
            store: first.store_revision,
            since: first.gateway.snapshot().since,
            rejected: None,
            left_out: left_out(config),
            restart: Vec::new(),
        };
        tell(&revision.left_out, &[]);
        let (backends, rows, store_read) = (first.backends, first.rows, first.store_revision);
        let keys_read = first.keys_revision;
        let shutdown_timeout = config.limits.shutdown_timeout;
        let now =
            Now { backends, rows, revision, store_read, keys_read, sources, shutdown_timeout };
        Self {
            recipe: first.recipe,
            gateway: first.gateway,
            store: first.store,
            locksmith: first.locksmith,
            clock: first.clock,
            ids: first.ids,
            upstream: first.upstream,
            edge: first.edge,
            boot: Boot::of(config),
            exchange: tokio::sync::Mutex::new(()),
            now: Mutex::new(now),
            marks: Mutex::default(),
        }
    }

    /// Reads files and store again and puts what they say into effect.
    pub(crate) async fn reload(&self) -> Result<Revision, Rejected> {
        let _one_at_a_time = self.exchange.lock().await;
        let list = match self.store.list().await {
            Ok(list) => list,
            Err(error) => {
                let problems = vec![format!("the store: {error}")];
                return Err(self.reject(Refused { problems, sources: Vec::new() }));
            }
        };
        self.now().store_read = list.revision;
        let (recipe, models) = (self.recipe.clone(), admin_models(&list.rows));
        let read = tokio::task::spawn_blocking(move || recipe.read(models)).await;
        let read = read.unwrap_or_else(|defect| {
            Err(Refused { problems: vec![defect.to_string()], sources: Vec::new() })
        });
        let taken = match read {
            Ok(config) => self.with_keys(&config, list.rows, list.revision).await,
            Err(refused) => Err(refused),
        };
        taken.map_err(|refused| self.reject(refused))
    }

    /// Reads the sealing keys too, and exchanges everything.
    async fn with_keys(
        &self,
        config: &GatewayConfig,
        rows: Vec<ModelRow>,
        store: i64,
    ) -> Result<Revision, Refused> {
        let taken = match self.locksmith.keys(&config.sealing.keys).await {
            Ok(keys) => {
                self.now().keys_read = keys.revision;
                self.take_over(config, rows, store, keys)
            }
            Err(error) => Err(vec![format!("the store: {error}")]),
        };
        taken.map_err(|problems| Refused { problems, sources: config.sources.clone() })
    }

    /// Builds the whole of the new snapshot, and exchanges it only when nothing is wrong.
    fn take_over(
        &self,
        config: &GatewayConfig,
        rows: Vec<ModelRow>,
        store: i64,
        keys: Keys,
    ) -> Result<Revision, Vec<String>> {
        let digest = digest(&config.sources, &rows);
        let mut settings = self.upstream.clone();
        settings.startup_grace = config.fleet.routing.startup_grace;
        let old = Arc::clone(&self.now().backends);
        let backends = Backends::reconcile(&old, &config.fleet.backends, &settings)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let (before, since) = (self.gateway.snapshot(), self.clock.now());
        let number = before.revision + 1;
        let parts = (&backends, keys.ring);
        let next = snapshot::of(config, parts, Some(&before), number, since)
            .map_err(|error| vec![error.to_string()])?;
        self.gateway.swap(next);
        self.edge.exchange(edge_limits(config));
        backends.supersede(&old, &settings);
        let (left_out, restart) = (left_out(config), self.boot.changed(config));
        let known = self.now().revision.clone();
        tell(&left_out, &known.left_out);
        let revision = Revision { number, digest, store, since, rejected: None, left_out, restart };
        *self.now() = Now {
            backends: Arc::new(backends),
            rows,
            revision: revision.clone(),
            store_read: store,
            keys_read: keys.revision,
            sources: config.sources.clone(),
            shutdown_timeout: config.limits.shutdown_timeout,
        };
        let metrics = &self.gateway.metrics().fleet;
        metrics.reloads.inc();
        metrics.rejected.set(0);
        tracing::info!(revision = number, digest = %revision.digest, "a new configuration is in effect");
        for setting in revision.restart.iter().filter(|what| !known.restart.contains(what)) {
            tracing::warn!(setting, "{setting} has changed: it takes effect after a restart");
        }
        Ok(revision)
    }

    fn reject(&self, refused: Refused) -> Rejected {
        let rejected = Rejected { at: self.clock.now(), problems: refused.problems };
        let mut now = self.now();
        for source in refused.sources {
            if !now.sources.contains(&source) {
                now.sources.push(source);
            }
        }
        let known = now.revision.rejected.as_ref().map(|known| &known.problems);
        if known != Some(&rejected.problems) {
            let number = now.revision.number;
            for problem in &rejected.problems {
                tracing::error!(revision = number, "the new configuration is refused: {problem}");
            }
        }
        now.revision.rejected = Some(rejected.clone());
        self.gateway.metrics().fleet.rejected.set(1);
        rejected
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long requests may go on after the program was asked to stop.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        self.now().shutdown_timeout
    }

    fn timestamp(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What the configuration has and the gateway does not serve.
fn left_out(config: &GatewayConfig) -> Vec<String> {
    config.policies_left_out.iter().chain(&config.models_left_out).cloned().collect()
}

/// Logs what is left out and was not `before`.
fn tell(left_out: &[String], before: &[String]) {
    for what in left_out.iter().filter(|what| !before.contains(what)) {
        tracing::warn!("left out: {what}");
    }
}

/// Rows as the configuration reads them.
pub(crate) fn admin_models(rows: &[ModelRow]) -> Vec<AdminModel> {
    let model =
        |row: &ModelRow| AdminModel { name: row.name.clone(), json: row.json.get().to_owned() };
    rows.iter().map(model).collect()
}

/// Tells configurations apart by everything they are made from. Equal files and equal models give
/// equal digests on every replica; it guards nothing.
fn digest(sources: &[PathBuf], rows: &[ModelRow]) -> String {
    let mut hasher = DefaultHasher::new();
    contents(sources).hash(&mut hasher);
    for row in rows {
        (&row.name, row.json.get()).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// What is in the files now; `None` for one that is not there.
fn contents(sources: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    sources.iter().map(|file| std::fs::read(file).ok()).collect()
}
