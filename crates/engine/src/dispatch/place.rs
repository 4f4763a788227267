//! Waits for a place at a deployment.

use std::sync::Arc;
use std::time::Instant;

use transom_core::failure::Failure;
use transom_core::model::DeploymentId;

use super::attempt::now;
use super::{Job, Patience, Stop, refusal};
use crate::catalog::line::{Full, Waiter, Waiting};
use crate::catalog::{Choice, Flight, Found, Group, Wait};
use crate::gateway::Gateway;
use crate::metrics::fleet::ModelLabel;

/// A place at a deployment.
pub(super) struct Placed {
    pub(super) flight: Flight,
    /// The model's name without aliases.
    pub(super) name: Arc<str>,
}

/// What a place is looked for.
struct Seeker<'a> {
    /// The model as it is asked for: what the name stands for may change meanwhile.
    name: &'a str,
    job: &'a Job,
    tried: &'a [DeploymentId],
    deadline: Instant,
}

impl Gateway {
    /// Takes a place at the best deployment of the model; waits for one in the model's line, until
    /// the deadline, when that can help.
    pub(super) async fn place(
        &self,
        name: &str,
        job: &Job,
        tried: &[DeploymentId],
        patience: Patience,
        deadline: Instant,
    ) -> Result<Placed, Stop> {
        let Found { group, name: full_name } = self.find(name).map_err(Stop::Final)?;
        let wanted = job.wanted(tried, self.random());
        // Nobody passes by those who wait, but a call that failed has waited already.
        if !tried.is_empty() || !group.memory.lines.is_busy(|| group.eligible(&wanted)) {
            match group.choose(&wanted, now()) {
                Choice::Taken(flight) => return Ok(Placed { flight, name: full_name }),
                Choice::Nobody(nobody) => return Err(Stop::Nobody(nobody)),
                Choice::Wait(_) => {}
            }
        }
        if patience == Patience::LookOnly {
            return Err(Stop::WouldWait);
        }
        let begun = now();
        let seeker = Seeker { name, job, tried, deadline };
        let placed = tokio::time::timeout_at(deadline.into(), self.wait(&seeker)).await;
        let label = ModelLabel { model: group.model.name.shared() };
        let took = now().saturating_duration_since(begun).as_secs_f64();
        self.metrics.fleet.queue_seconds.get_or_create(&label).observe(took);
        match placed {
            Ok(placed) => placed,
            Err(_) => Err(Stop::Final(self.waited_in_vain(name, job))),
        }
    }

    async fn wait(&self, seeker: &Seeker<'_>) -> Result<Placed, Stop> {
        let Seeker { name, job, tried, deadline } = *seeker;
        let waiter = Waiter { owner: job.owner, priority: job.priority, deadline };
        loop {
            let group = self.find(name).map_err(Stop::Final)?.group;
            let eligible = group.eligible(&job.wanted(tried, 0));
            let mut waiting = group.memory.lines.join(eligible, waiter, now()).map_err(no_room)?;
            self.note_position(&group, &waiting);
            if let Err(full) = waiting.head().await {
                let in_vain = now() >= deadline;
                let failure = in_vain.then(|| self.waited_in_vain(name, job));
                return Err(failure.map_or_else(|| no_room(full), Stop::Final));
            }
            if let Some(placed) = self.at_head(seeker, &waiting).await? {
                return Ok(placed);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a line is no longer than its limit")]
    fn note_position(&self, group: &Group, waiting: &Waiting) {
        let label = ModelLabel { model: group.model.name.shared() };
        let positions = self.metrics.fleet.queue_position.get_or_create(&label);
        positions.observe(waiting.ahead as f64);
    }

    /// Waits for a place at the head of a line. `None`: the model has changed, and its requests
    /// wait in another line now.
    async fn at_head(
        &self,
        seeker: &Seeker<'_>,
        waiting: &Waiting,
    ) -> Result<Option<Placed>, Stop> {
        loop {
            let Found { group, name } = self.find(seeker.name).map_err(Stop::Final)?;
            // Listening begins before looking, so that no change falls between the two.
            let changed = group.changed();
            let wanted = seeker.job.wanted(seeker.tried, self.random());
            let wait = match group.choose(&wanted, now()) {
                Choice::Taken(flight) => return Ok(Some(Placed { flight, name })),
                Choice::Nobody(nobody) => return Err(Stop::Nobody(nobody)),
                Choice::Wait(wait) => wait,
            };
            if !waiting.is_in(&group.memory.lines, &group.eligible(&wanted)) {
                return Ok(None);
            }
            tokio::select! {
                () = waiting.called() => {}
                () = changed => {}
                () = rested(wait) => {}
            }
        }
    }

    fn waited_in_vain(&self, name: &str, job: &Job) -> Failure {
        match self.find(name) {
            Ok(found) if found.group.is_loading(job.route) => refusal::loading(),
            Ok(found) => {
                Failure::QueueTimeout { retry_after: found.group.memory.lines.retry_after() }
            }
            Err(failure) => failure,
        }
    }
}

fn no_room(full: Full) -> Stop {
    Stop::Final(Failure::QueueTimeout { retry_after: full.retry_after })
}

/// Resolves when it is time to look again although nothing has happened.
async fn rested(wait: Wait) {
    match wait.until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}
