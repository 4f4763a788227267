//! Looks after the turns in the background: those that run here, and those that nobody runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use transom_core::id::ResponseId;
use transom_core::port::jobs::HeldJob;
use transom_core::port::store::StoreError;

use crate::gateway::Gateway;

/// How often leases are renewed, which also tells what is to be cancelled.
const RENEWAL: Duration = Duration::from_secs(2);

/// How often turns of dead processes are looked for, at most [`ADOPTED`] at once.
const ADOPTION: Duration = Duration::from_secs(5);

/// Most turns that are taken over at once: the other gateways want some too.
const ADOPTED: u32 = 16;

/// How often events are deleted that are not kept any longer, those of [`SWEPT`] responses at once.
const SWEEP: Duration = Duration::from_secs(30);

/// Most responses whose events are deleted in one transaction.
const SWEPT: u32 = 64;

impl Gateway {
    /// Looks after turns in the background until told to stop. Runs once in each process.
    pub async fn keep_jobs(self: Arc<Self>, stop: CancellationToken) {
        let keeper = Keeper { gateway: self, alone: HashSet::new() };
        stop.run_until_cancelled(keeper.run()).await;
    }
}

struct Keeper {
    gateway: Arc<Gateway>,
    /// Turns that are ours in the store and do not run here, as seen at the last renewal. Most such
    /// turns have just ended or just begun.
    alone: HashSet<ResponseId>,
}

impl Keeper {
    async fn run(mut self) {
        let mut renewal = interval(RENEWAL);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut adoption = Instant::now();
        let mut sweep = Instant::now();
        loop {
            let now = renewal.tick().await;
            let renewed = self.renew().await;
            tell(renewed);
            if now >= adoption {
                adoption = now + ADOPTION;
                let adopted = self.adopt().await;
                tell(adopted);
            }
            if now >= sweep {
                sweep = now + SWEEP;
                let swept = self.sweep().await;
                tell(swept);
            }
        }
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let gateway = Arc::clone(&self.gateway);
        let here = gateway.here.stored();
        if here.is_empty() && self.alone.is_empty() {
            return Ok(());
        }
        let held = gateway.jobs.renew(gateway.lease()).await?;
        let ids: HashSet<&ResponseId> = held.iter().map(|job| &job.id).collect();
        for (id, presence) in &here {
            // Somebody has taken it away or deleted it.
            if !ids.contains(id) {
                presence.cancel.cancel();
            }
        }
        let mut alone = HashSet::new();
        for job in held {
            match gateway.here.find(&job.id) {
                Some(presence) if job.cancel => presence.cancel.cancel(),
                Some(_) => {}
                // Its task has ended, and its record could not be written.
                None if self.alone.contains(&job.id) => self.reclaim(&job).await?,
                None => drop(alone.insert(job.id)),
            }
        }
        self.alone = alone;
        Ok(())
    }

    async fn reclaim(&self, job: &HeldJob) -> Result<(), StoreError> {
        let gateway = &self.gateway;
        if let Some(orphan) = gateway.jobs.seize(&job.scope, &job.id, gateway.lease()).await? {
            gateway.adopt(orphan).await;
        }
        Ok(())
    }

    async fn adopt(&self) -> Result<(), StoreError> {
        let gateway = &self.gateway;
        // Whoever goes down leaves them to others.
        if gateway.drain.is_cancelled() {
            return Ok(());
        }
        let now = gateway.clock.now();
        for orphan in gateway.jobs.adopt(gateway.lease(), now, ADOPTED).await? {
            gateway.adopt(orphan).await;
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let gateway = &self.gateway;
        while gateway.jobs.expire(gateway.clock.now(), SWEPT).await? {}
        Ok(())
    }
}

fn tell(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "responses in the background cannot be looked after");
    }
}
