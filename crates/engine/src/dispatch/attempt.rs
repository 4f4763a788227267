//! One model's deployments, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::port::upstream::{Patience as Limits, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_wire::tap::ShownModel;

use super::count::count;
use super::job::Delivery;
use super::opened::{Form, Hold, Opened, open};
use super::place::Placed;
use super::tries::{Failed, Tries, Went};
use super::{Job, Names, Patience, Served, Stop, judge};
use crate::catalog::Flight;
use crate::gateway::Gateway;
use crate::metrics::fleet::AttemptLabel;

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
            let deployment = &target.deployment.id;
            tracing::info!(%deployment, %error, again = pause.is_some(), "a call failed");
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
        let deployment = &flight.target.deployment;
        let matched = flight.group.model.name.matched(&name).unwrap_or_default();
        let upstream = deployment.upstream.resolve(&name, matched);
        let limits = less(job.delivery.patience(&deployment.timeouts), spent);
        let exposed = flight.group.model.expose_upstream_model;
        let shown = (!exposed).then(|| ShownModel::new(&job.asked));
        let opened = self.call(job, &flight, &upstream, limits, shown.as_ref()).await;
        self.count(&flight, opened.as_ref().err());
        match opened {
            Ok(opened) => {
                if let Opened::Stream { first_content, .. } = &opened {
                    flight.first_token(first_content.into_std());
                }
                // A tokenizer may work although the engine behind it is dead.
                if !matches!(opened, Opened::Counted(_)) {
                    flight.began(now());
                }
                Ok(Served { opened, flight, names: shown.map(|shown| Names { shown, upstream }) })
            }
            Err(error) => {
                let called = flight.started;
                flight.failed(&error, now());
                self.note_death(job, &flight, &error).await;
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
    ) -> Result<Opened, UpstreamError> {
        let stream = |until| Form::Stream { event_bytes: self.event_bytes(), until };
        let form = match &job.delivery {
            Delivery::Whole => Form::Whole,
            Delivery::Stream => stream(Hold::Content),
            Delivery::Collected => stream(Hold::End),
            Delivery::Counted(questions) => {
                let counted = count(&flight.target, questions, upstream, patience).await?;
                return Ok(Opened::Counted(counted));
            }
        };
        let body = (job.body)(upstream);
        let request = UpstreamRequest { route: job.route, body, patience };
        open(flight.target.upstream.as_ref(), request, form, shown).await
    }

    fn count(&self, flight: &Flight, error: Option<&UpstreamError>) {
        let outcome = error.map_or("ok", |error| judge::class(error).word());
        let deployment = Arc::clone(&flight.target.deployment.id.0);
        self.metrics.fleet.attempts.get_or_create(&AttemptLabel { deployment, outcome }).inc();
        if let Some(symptom) = error.and_then(UpstreamError::symptom) {
            self.metrics.fleet.symptom(symptom);
        }
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
