//! Looks after the turns in the background: those that run here, and those that nobody runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use transom_core::clock::Timestamp;
use transom_core::id::ResponseId;
use transom_core::port::jobs::{HeldJob, Left};
use transom_core::port::store::StoreError;

use super::LEASE;
use crate::gateway::Gateway;

/// How often leases are renewed, which also tells what is to be cancelled.
const RENEWAL: Duration = Duration::from_secs(2);

/// How often turns of dead processes are looked for: a multiple of [`RENEWAL`].
const ADOPTION: Duration = Duration::from_secs(4);

/// Most turns that are run again at once, each time: the other gateways want some too.
const RUN_AGAIN: usize = 16;

/// Most turns that are ended together.
const ENDED: u32 = 64;

/// How often events are deleted that are not kept any longer, those of [`SWEPT`] responses at once.
const SWEEP: Duration = Duration::from_secs(30);

/// Most responses whose events are deleted in one transaction.
const SWEPT: u32 = 64;

impl Gateway {
    /// Looks after turns in the background until told to stop. Runs once in each process.
    pub async fn keep_jobs(self: Arc<Self>, stop: CancellationToken) {
        let (seen, trusted_from) = (self.clock.now(), Instant::now());
        let keeper = Keeper { gateway: self, alone: HashSet::new(), seen, trusted_from };
        stop.run_until_cancelled(keeper.run()).await;
    }
}

struct Keeper {
    gateway: Arc<Gateway>,
    /// Turns that are ours in the store and do not run here, as seen at the last renewal. Most such
    /// turns have just ended or just begun.
    alone: HashSet<ResponseId>,
    /// The wall-clock time of the last round.
    seen: Timestamp,
    /// From when on a lease that has run out tells that its holder has died. While the store was not
    /// there, nobody could renew any.
    trusted_from: Instant,
}

impl Keeper {
    async fn run(mut self) {
        let mut renewal = interval(RENEWAL);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut adoption = Instant::now();
        let mut sweep = Instant::now();
        loop {
            let now = renewal.tick().await;
            self.look_at_the_clock();
            let renewed = self.renew().await;
            let works = self.trust(renewed);
            if works && now >= adoption && now >= self.trusted_from {
                adoption = now + ADOPTION;
                let adopted = self.adopt().await;
                self.trust(adopted);
            }
            if now >= sweep {
                sweep = now + SWEEP;
                let swept = self.sweep().await;
                tell(swept);
            }
        }
    }

    /// A machine that has slept wakes up to leases that have all run out, also those of the living.
    fn look_at_the_clock(&mut self) {
        let now = self.gateway.clock.now();
        if now >= self.seen.after(LEASE) {
            self.trusted_from = Instant::now() + LEASE;
        }
        self.seen = now;
    }

    /// Whether the store works. After it has not, the others get the time to renew their leases.
    fn trust(&mut self, done: Result<(), StoreError>) -> bool {
        let works = done.is_ok();
        if !works {
            self.trusted_from = Instant::now() + LEASE;
        }
        tell(done);
        works
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
                presence.take_away();
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
            gateway.take_over(orphan).await;
        }
        Ok(())
    }

    /// Ends all that can only be ended, then runs some of the others, as far as there is room.
    async fn adopt(&mut self) -> Result<(), StoreError> {
        let gateway = Arc::clone(&self.gateway);
        // Whoever goes down leaves them to others.
        if gateway.drain.is_cancelled() {
            return Ok(());
        }
        while self.take_over((Left::ToEnd, ENDED)).await? >= ENDED as usize {
            self.renew().await?;
        }
        let jobs = gateway.snapshot().settings.background.jobs;
        let room = jobs.saturating_sub(gateway.here.count()).min(RUN_AGAIN);
        if let Ok(room @ 1..) = u32::try_from(room) {
            self.take_over((Left::ToRun, room)).await?;
        }
        Ok(())
    }

    /// Takes over some, together because the store writes what comes together with one effort; how many
    /// there were.
    async fn take_over(&self, left: (Left, u32)) -> Result<usize, StoreError> {
        let gateway = &self.gateway;
        let orphans = gateway.jobs.adopt(gateway.lease(), gateway.clock.now(), left).await?;
        let count = orphans.len();
        // One that was taken from us, and is not over here yet, is looked at again when it is.
        let free = orphans.into_iter().filter(|orphan| gateway.here.find(&orphan.id).is_none());
        join_all(free.map(|orphan| gateway.take_over(orphan))).await;
        Ok(count)
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
