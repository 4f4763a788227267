//! Everything a request meets on its way.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::backend::BackendState;
use transom_core::clock::Clock;
use transom_core::id::{IdSource, RequestId};
use transom_core::port::store::ResponseStore;
use transom_core::port::upstream::Upstream;

use crate::in_progress::InProgress;
use crate::metrics::Metrics;
use crate::settings::Settings;

/// Everything a request meets on its way. Made once, by the binary's `compose.rs`.
pub struct Gateway {
    /// What the operator decided.
    pub(crate) settings: Settings,
    /// The model server.
    pub(crate) upstream: Arc<dyn Upstream>,
    /// Where responses are kept.
    pub(crate) store: Arc<dyn ResponseStore>,
    /// Wall-clock time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub(crate) ids: Arc<dyn IdSource>,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Turns without a record yet.
    pub(crate) in_progress: InProgress,
    /// Places for requests in flight.
    pub(crate) slots: Arc<Semaphore>,
    /// Every turn runs on it.
    pub(crate) tracker: TaskTracker,
    /// Cuts what still runs when the time for shutting down is over.
    pub(crate) cut: CancellationToken,
}

/// The adapters and helpers that a gateway is made of.
pub struct Parts {
    /// The model server.
    pub upstream: Arc<dyn Upstream>,
    /// Where responses are kept.
    pub store: Arc<dyn ResponseStore>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub ids: Arc<dyn IdSource>,
    /// What is counted.
    pub metrics: Metrics,
    /// Every turn runs on it.
    pub tracker: TaskTracker,
    /// Cuts what still runs when the time for shutting down is over.
    pub cut: CancellationToken,
}

/// What `/readyz` shows.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// The model server's state.
    pub backend: BackendState,
    /// Whether the store can be read.
    pub store: bool,
}

impl Readiness {
    /// Whether requests can be served.
    pub fn is_ready(&self) -> bool {
        self.store && self.backend == BackendState::Ready
    }
}

impl Gateway {
    /// A gateway made of `parts`.
    pub fn new(settings: Settings, parts: Parts) -> Self {
        let slots = Arc::new(Semaphore::new(settings.max_concurrency));
        Self {
            settings,
            upstream: parts.upstream,
            store: parts.store,
            clock: parts.clock,
            ids: parts.ids,
            metrics: parts.metrics,
            in_progress: InProgress::default(),
            slots,
            tracker: parts.tracker,
            cut: parts.cut,
        }
    }

    /// A new id for a request whose client gave none.
    pub fn request_id(&self) -> RequestId {
        RequestId::fresh(self.ids.as_ref())
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether requests can be served now.
    pub async fn readiness(&self) -> Readiness {
        Readiness { backend: self.upstream.state(), store: self.store.probe().await.is_ok() }
    }
}
