//! Everything a request meets on its way.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::clock::{Clock, Timestamp};
use transom_core::id::{IdSource, RequestId};
use transom_core::port::conversations::ConversationStore;
use transom_core::port::jobs::{Holder, JobStore};
use transom_core::port::once::OnceStore;
use transom_core::port::store::ResponseStore;
use transom_routing::poison::PoisonList;

use crate::background::Here;
use crate::files::Reader;
use crate::in_progress::InProgress;
use crate::live::{Live, Snapshot};
use crate::metrics::Metrics;

/// Everything a request meets on its way. Made once, by the binary's `compose.rs`; what can change
/// while it runs is in its [`Snapshot`].
pub struct Gateway {
    /// What can change.
    pub(crate) live: Live,
    /// Where responses are kept.
    pub(crate) store: Arc<dyn ResponseStore>,
    /// Where conversations are kept.
    pub(crate) conversations: Arc<dyn ConversationStore>,
    /// What responses in the background need beside their records.
    pub(crate) jobs: Arc<dyn JobStore>,
    /// This process, among those with the same store.
    pub(crate) holder: Holder,
    /// The responses in the background that run here.
    pub(crate) here: Here,
    /// Where answers are kept for those who ask again.
    pub(crate) once: Arc<dyn OnceStore>,
    /// Wall-clock time.
    pub(crate) clock: Arc<dyn Clock>,
    /// When it was made.
    pub(crate) started: Timestamp,
    /// Randomness for ids.
    pub(crate) ids: Arc<dyn IdSource>,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Turns without a record yet.
    pub(crate) in_progress: InProgress,
    /// Requests in flight.
    pub(crate) in_flight: Arc<AtomicUsize>,
    /// Reads files.
    pub(crate) files: Reader,
    /// Requests that killed servers.
    poison: Mutex<PoisonList>,
    /// Keys the hashes of requests.
    pub(crate) hasher: RandomState,
    /// Keys the hashes of prompts.
    pub(crate) seed: u64,
    /// Every turn runs on it.
    pub(crate) tracker: TaskTracker,
    /// Tells that nothing new is to begin.
    pub(crate) drain: CancellationToken,
    /// Cuts what still runs when the time for shutting down is over.
    pub(crate) cut: CancellationToken,
}

/// The adapters and helpers that a gateway is made of.
pub struct Parts {
    /// Where responses are kept.
    pub store: Arc<dyn ResponseStore>,
    /// Where conversations are kept: in the same store, because a turn is written to both at once.
    pub conversations: Arc<dyn ConversationStore>,
    /// Responses in the background: in the same store, because their ends are written with them.
    pub jobs: Arc<dyn JobStore>,
    /// Where answers are kept for those who ask again.
    pub once: Arc<dyn OnceStore>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub ids: Arc<dyn IdSource>,
    /// What is counted.
    pub metrics: Metrics,
    /// Every turn runs on it.
    pub tracker: TaskTracker,
    /// Tells that nothing new is to begin.
    pub drain: CancellationToken,
    /// Cuts what still runs when the time for shutting down is over.
    pub cut: CancellationToken,
}

impl Gateway {
    /// A gateway made of `parts`, with the first snapshot.
    pub fn new(first: Snapshot, parts: Parts) -> Self {
        let poison = PoisonList::new(first.catalog.routing.poison_strikes);
        Self {
            live: Live::new(first),
            store: parts.store,
            started: parts.clock.now(),
            conversations: parts.conversations,
            jobs: parts.jobs,
            holder: Holder(format!("{:032x}", parts.ids.random()).into()),
            here: Here::default(),
            once: parts.once,
            clock: parts.clock,
            ids: parts.ids,
            metrics: parts.metrics,
            in_progress: InProgress::default(),
            in_flight: Arc::default(),
            files: Reader::new(parts.tracker.clone()),
            poison: Mutex::new(poison),
            hasher: RandomState::new(),
            seed: RandomState::new().hash_one("prompts"),
            tracker: parts.tracker,
            drain: parts.drain,
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

    /// The present snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.live.snapshot()
    }

    /// Puts a new snapshot in the place of the present one. Requests that have begun go on with
    /// what they began with.
    pub fn swap(&self, next: Snapshot) {
        self.poison().configure(next.catalog.routing.poison_strikes);
        self.live.swap(next);
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    pub(crate) fn poison(&self) -> MutexGuard<'_, PoisonList> {
        self.poison.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fresh random bits, for choices.
    #[expect(clippy::cast_possible_truncation, reason = "half of the bits are as random")]
    pub(crate) fn random(&self) -> u64 {
        self.ids.random() as u64
    }

    /// The largest event of a model server's stream.
    pub(crate) fn event_bytes(&self) -> usize {
        self.live.snapshot().settings.event_bytes
    }
}
