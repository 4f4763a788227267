//! What sets off a reload: a file that changed, a model that another gateway wrote, a signal.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use transom_core::backend::BackendState;
use transom_core::model::DeploymentId;

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
        let mut applied = self.fingerprints().await;
        let mut seen = applied.clone();
        let mut told_of = BTreeMap::new();
        loop {
            let told = tokio::select! {
                _ = ticks.tick() => false,
                () = asked.notified() => true,
                () = cancel.cancelled() => return,
            };
            self.tell_misconfigured(&mut told_of);
            let now = self.fingerprints().await;
            let settled = now == seen;
            if told || (settled && now != applied) || self.store_has_changed().await {
                // A refused one is not tried again until it changes.
                let _told_by_reload = self.reload().await;
                // Files count as they were before they were read, so that what changes meanwhile is
                // a change; those that the new configuration brought count as they are now.
                let fresh = self.fingerprints().await.into_iter();
                applied = fresh
                    .map(|(file, hash)| {
                        let before = now.get(&file).copied();
                        (file, before.unwrap_or(hash))
                    })
                    .collect();
            }
            seen = now;
        }
    }

    /// Logs each deployment that cannot work as it is declared, once for each reason.
    fn tell_misconfigured(&self, told_of: &mut BTreeMap<DeploymentId, String>) {
        let mut wrong = BTreeMap::new();
        for model in self.gateway.models_readiness() {
            for seen in model.deployments {
                let BackendState::Misconfigured { reason } = seen.state else { continue };
                if told_of.get(&seen.id).is_none_or(|known| **known != *reason) {
                    let (model, deployment) = (&*model.model, &*seen.id.0);
                    tracing::warn!(model, deployment, "a deployment is misconfigured: {reason}");
                }
                wrong.insert(seen.id, reason.to_string());
            }
        }
        // One that was put right and goes wrong again is told again.
        *told_of = wrong;
    }

    /// What is in each file of the configuration.
    async fn fingerprints(&self) -> BTreeMap<PathBuf, u64> {
        let sources: Vec<PathBuf> = self.now().sources.clone();
        let hashed = tokio::task::spawn_blocking(move || {
            let of = |content: Option<Vec<u8>>| {
                let mut hasher = DefaultHasher::new();
                content.hash(&mut hasher);
                hasher.finish()
            };
            let hashes: Vec<_> = contents(&sources).into_iter().map(of).collect();
            sources.into_iter().zip(hashes).collect()
        });
        hashed.await.unwrap_or_default()
    }

    /// A store that cannot be read has not changed as far as anybody knows.
    async fn store_has_changed(&self) -> bool {
        let (models, keys) = {
            let now = self.now();
            (now.store_read, now.keys_read)
        };
        self.store.revision().await.is_ok_and(|revision| revision != models)
            || self.locksmith.store.keys_revision().await.is_ok_and(|revision| revision != keys)
    }
}
