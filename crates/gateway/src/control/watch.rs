//! What sets off a reload: a file that changed, a model that another gateway wrote, a signal.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Controller, contents};

/// How often files and store are looked at. A change is in effect within a second.
const PERIOD: Duration = Duration::from_millis(200);

impl Controller {
    /// Watches until cancelled. `asked` is rung by a signal.
    ///
    /// Files are compared by content, not by time: it makes no difference how they are replaced
    /// (in place, renamed over, a link that turns elsewhere), and a file that was merely touched is
    /// no change. What changed must stay the same for one period, so that a file is not read while
    /// it is being written.
    pub(crate) async fn watch(self: Arc<Self>, asked: Arc<Notify>, cancel: CancellationToken) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut applied = self.fingerprint().await;
        let mut seen = applied;
        loop {
            let told = tokio::select! {
                _ = ticks.tick() => false,
                () = asked.notified() => true,
                () = cancel.cancelled() => return,
            };
            let now = self.fingerprint().await;
            let settled = now == seen;
            seen = now;
            if told || (settled && now != applied) || self.store_has_changed().await {
                // A refused one is not tried again until it changes.
                let _told_by_reload = self.reload().await;
                applied = now;
                // The new configuration may have other files.
                seen = self.fingerprint().await;
                if seen != now {
                    applied = seen;
                }
            }
        }
    }

    async fn fingerprint(&self) -> u64 {
        let sources: Vec<PathBuf> = self.now().sources.clone();
        let hashed = tokio::task::spawn_blocking(move || {
            let mut hasher = DefaultHasher::new();
            contents(&sources).hash(&mut hasher);
            hasher.finish()
        });
        hashed.await.unwrap_or_default()
    }

    /// A store that cannot be read has not changed as far as anybody knows.
    async fn store_has_changed(&self) -> bool {
        let known = self.now().revision.store;
        self.store.revision().await.is_ok_and(|revision| revision != known)
    }
}
