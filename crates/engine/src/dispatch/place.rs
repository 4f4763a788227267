//! Waits for a place at a deployment.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::select_all;
use transom_core::failure::Failure;
use transom_core::model::DeploymentId;
use transom_routing::pick::Ask;

use super::attempt::now;
use super::{Job, Patience, Stop};
use crate::catalog::group::{Choice, Wait, Wanted};
use crate::catalog::line::Full;
use crate::catalog::{Flight, Group};
use crate::gateway::Gateway;
use crate::metrics::fleet::ModelLabel;

impl Gateway {
    /// Takes a place at the best deployment of the model; waits for one in the model's line, until
    /// the deadline, when that can help.
    pub(super) async fn place(
        &self,
        name: &Arc<str>,
        job: &Job,
        tried: &[DeploymentId],
        patience: Patience,
        deadline: Instant,
    ) -> Result<Flight, Stop> {
        let group = self.find(name).map_err(Stop::Final)?.group;
        // Nobody passes by those who wait, but a call that failed has waited already.
        let passes = !tried.is_empty() || !group.memory.line.is_busy();
        if passes {
            match self.choose(&group, job, tried) {
                Choice::Taken(flight) => return Ok(flight),
                Choice::Nobody(nobody) => return Err(Stop::Nobody(nobody)),
                Choice::Wait(_) => {}
            }
        }
        if patience == Patience::LookOnly {
            return Err(Stop::WouldWait);
        }
        let waited = now();
        let flight = self.wait(name, &group, job, tried, deadline).await;
        let label = ModelLabel { model: group.model.name.as_str().into() };
        let took = now().saturating_duration_since(waited).as_secs_f64();
        self.metrics.fleet.queue_seconds.get_or_create(&label).observe(took);
        flight
    }

    async fn wait(
        &self,
        name: &Arc<str>,
        group: &Arc<Group>,
        job: &Job,
        tried: &[DeploymentId],
        deadline: Instant,
    ) -> Result<Flight, Stop> {
        let line = Arc::clone(&group.memory.line);
        let begun = now();
        if begun >= deadline {
            return Err(Stop::Final(self.waited_in_vain(group, job, tried)));
        }
        let mut waiting = line
            .join(job.owner, job.priority, deadline, begun)
            .map_err(no_room)?;
        let placed = tokio::time::timeout_at(deadline.into(), async {
            waiting.head().await.map_err(no_room)?;
            loop {
                // The model may have moved meanwhile.
                let group = self.find(name).map_err(Stop::Final)?.group;
                match self.choose(&group, job, tried) {
                    Choice::Taken(flight) => return Ok(flight),
                    Choice::Nobody(nobody) => return Err(Stop::Nobody(nobody)),
                    Choice::Wait(wait) => until_changed(&group, wait).await,
                }
            }
        });
        match placed.await {
            Ok(placed) => placed,
            Err(_) => Err(Stop::Final(self.waited_in_vain(group, job, tried))),
        }
    }

    pub(super) fn choose(&self, group: &Arc<Group>, job: &Job, tried: &[DeploymentId]) -> Choice {
        let ask = Ask { prompt: &job.prompt, session: job.session, random: self.random() };
        let wanted = Wanted { route: job.route, ask, tokens: job.tokens, tried };
        group.choose(&wanted, now())
    }

    fn waited_in_vain(&self, group: &Arc<Group>, job: &Job, tried: &[DeploymentId]) -> Failure {
        match self.choose(group, job, tried) {
            Choice::Wait(Wait { loading: true, .. }) => super::refusal::loading(),
            _ => Failure::QueueTimeout { retry_after: group.memory.line.retry_after() },
        }
    }
}

fn no_room(full: Full) -> Stop {
    Stop::Final(Failure::QueueTimeout { retry_after: full.retry_after })
}

/// Waits until choosing again may have another result.
async fn until_changed(group: &Group, wait: Wait) {
    let servers = group.targets.iter().map(|target| target.upstream.changed());
    let rested = async {
        match wait.until {
            Some(until) => tokio::time::sleep_until(until.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = group.memory.line.changed() => {}
        _ = select_all(servers) => {}
        () = rested => {}
    }
}
