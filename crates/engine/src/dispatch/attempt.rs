//! One model's deployments, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::port::upstream::{Patience as Limits, UpstreamRequest};
use transom_core::upstream_error::Symptom;
use transom_wire::tap::ShownModel;

use super::count::count;
use super::job::Delivery;
use super::opened::{Broken, Form, Hold, Opened, Progress, open};
use super::place::Placed;
use super::tries::{Failed, Tries, Went};
use super::{Job, Names, Patience, Served, Stop};
use crate::catalog::Flight;
use crate::gateway::Gateway;

impl Gateway {
    /// Tries the deployments of the model that `name` stands for.
    pub(super) async fn with_model(
        &self,
        name: &Arc<str>,
        job: &Job,
        patience: Patience,
    ) -> Result<Served, Stop> {
        let deadline = now() + self.find(name).map_err(Stop::Final)?.group.routing.queue_timeout;
        let (mut tries, mut last) = (Tries::default(), None);
        loop {
            let placed = self.place(name, job, &tries.excluded, patience, deadline).await;
            let placed = match placed {
                Ok(placed) => placed,
                Err(stop) => {
                    tries.stop();
                    // Why the tries failed says more than that nobody is left.
                    return Err(last.unwrap_or(stop));
                }
            };
            if tries.goes(&placed.flight.group, now()) == Went::Again {
                self.metrics.fleet.retries.inc();
            }
            let failed = match self.attempt(job, placed, tries.spent(now())).await {
                Ok(served) => return Ok(served),
                Err(failed) => failed,
            };
            // A request that has just killed its last server goes to no further one.
            self.refuse_poison(job).map_err(Stop::Final)?;
            let pause = tries.next(&failed, job, self.random(), now());
            let Failed { error, upstream, target, .. } = failed;
            let (deployment, again) = (&target.deployment.id, pause.is_some());
            let symptom = error.symptom().map(Symptom::word);
            tracing::info!(%deployment, %error, symptom, again, "a call failed");
            let stop = Stop::Failed { error, upstream };
            match pause {
                None => return Err(stop),
                Some(pause) => tokio::time::sleep(pause).await,
            }
            last = Some(stop);
        }
    }

    async fn attempt(&self, job: &Job, placed: Placed, spent: Duration) -> Result<Served, Failed> {
        let Placed { mut flight, name } = placed;
        flight.goes(self.metrics.fleet.calls(), job.prompt_tokens);
        let deployment = &flight.target.deployment;
        let matched = flight.group.model.name.matched(&name).unwrap_or_default();
        let upstream = deployment.upstream.resolve(&name, matched);
        let limits = less(job.delivery.patience(&deployment.timeouts), spent);
        let speaks = job.spoken(flight.target.upstream.api_kind());
        let exposed = flight.group.model.expose_upstream_model;
        let shown = (!exposed).then(|| ShownModel::new(&job.asked));
        let opened = self.call(job, &flight, &upstream, limits, shown.as_ref()).await;
        match opened {
            Ok(opened) => {
                match &opened {
                    Opened::Stream { first_content, .. } => {
                        flight.first_token(first_content.into_std());
                    }
                    Opened::Whole(_) => flight.whole_answer(now()),
                    Opened::Counted(_) => {}
                }
                // A tokenizer may work although the engine behind it is dead.
                if !matches!(opened, Opened::Counted(_)) {
                    flight.began(now());
                }
                let names = shown.map(|shown| Names { shown, upstream });
                Ok(Served { opened, speaks, flight, names })
            }
            Err(broken) => {
                let called = flight.started;
                flight.failed(&broken.error, now());
                self.note_death(job, &flight, &broken).await;
                let error = broken.error;
                let (target, group) = (Arc::clone(&flight.target), Arc::clone(&flight.group));
                let left = limits.total.saturating_sub(now().saturating_duration_since(called));
                Err(Failed { error, upstream, target, group, left })
            }
        }
    }

    /// Has the job done at the deployment, whose name for the model is `upstream`.
    async fn call(
        &self,
        job: &Job,
        flight: &Flight,
        upstream: &str,
        patience: Limits,
        shown: Option<&ShownModel>,
    ) -> Result<Opened, Broken> {
        let kind = flight.target.upstream.api_kind();
        let (speaks, event_bytes) = (job.spoken(kind), self.event_bytes());
        let stream = |until| Form::Stream { speaks, event_bytes, until };
        let form = match &job.delivery {
            Delivery::Whole => Form::Whole,
            Delivery::Stream => stream(Hold::Content),
            Delivery::Collected => stream(Hold::End),
            Delivery::Counted(questions) => {
                let counted = count(&flight.target, questions, upstream, patience).await;
                let progress = Progress::Hidden;
                return counted.map(Opened::Counted).map_err(|error| Broken { error, progress });
            }
        };
        let (route, body) = job.call(kind, upstream);
        let request = UpstreamRequest { route, body, patience };
        open(flight.target.upstream.as_ref(), request, form, shown).await
    }
}

/// The limits of a try, when some of the request's time is gone.
fn less(limits: Limits, spent: Duration) -> Limits {
    let total = limits.total.saturating_sub(spent);
    Limits { first_byte: limits.first_byte.min(total), total, ..limits }
}

/// The time, which tests can stop.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
