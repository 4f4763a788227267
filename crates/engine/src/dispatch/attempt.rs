//! One model's deployments, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::fleet::FailureClass;
use transom_core::model::DeploymentId;
use transom_core::port::upstream::{Patience as Limits, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_routing::retry::backoff;
use transom_wire::tap::ShownModel;

use super::job::Delivery;
use super::opened::{Form, open};
use super::{Job, Names, Patience, Served, Stop, judge};
use crate::catalog::{Flight, Found, Group};
use crate::gateway::Gateway;
use crate::metrics::fleet::AttemptLabel;

/// A failed try.
struct Failed {
    error: UpstreamError,
    /// The name that was sent.
    upstream: Arc<str>,
    target: DeploymentId,
    group: Arc<Group>,
    order: u32,
}

/// What has been tried of one model.
struct Tries {
    /// Who must not get the call again.
    excluded: Vec<DeploymentId>,
    /// Retries within the present order.
    retries: u32,
    order: u32,
    deadline: Instant,
}

impl Gateway {
    /// Tries the deployments of the model that `name` stands for.
    pub(super) async fn with_model(
        &self,
        name: &Arc<str>,
        job: &Job,
        patience: Patience,
    ) -> Result<Served, Stop> {
        let begun = now();
        let Found { group, name } = self.find(name).map_err(Stop::Final)?;
        let deadline = begun + group.routing.queue_timeout;
        group.memory.retries.request(begun);
        let mut tries = Tries { excluded: Vec::new(), retries: 0, order: 0, deadline };
        let mut last = None;
        loop {
            let placed = self.place(&name, job, &tries.excluded, patience, tries.deadline).await;
            let flight = match placed {
                Ok(flight) => flight,
                // Why the tries failed says more than that nobody is left.
                Err(stop) => return Err(last.unwrap_or(stop)),
            };
            match self.attempt(&name, job, flight, begun).await {
                Ok(served) => return Ok(served),
                Err(failed) => {
                    let pause = self.next_try(&mut tries, &failed);
                    last = Some(Stop::Failed { error: failed.error, upstream: failed.upstream });
                    match pause {
                        Some(pause) if !pause.is_zero() => tokio::time::sleep(pause).await,
                        Some(_) => {}
                        None => return Err(last.unwrap_or(Stop::WouldWait)),
                    }
                }
            }
        }
    }

    async fn attempt(
        &self,
        name: &Arc<str>,
        job: &Job,
        mut flight: Flight,
        begun: Instant,
    ) -> Result<Served, Failed> {
        let deployment = &flight.target.deployment;
        let matched = flight.group.model.name.matched(name).unwrap_or_default();
        let upstream = deployment.upstream.resolve(name, matched);
        let spent = now().saturating_duration_since(begun);
        let request = UpstreamRequest {
            route: job.route,
            body: (job.body)(&upstream),
            patience: less(job.delivery.patience(&deployment.timeouts), spent),
        };
        let form = match job.delivery {
            Delivery::Whole => Form::Whole,
            Delivery::Stream | Delivery::Collected => Form::Stream { event_bytes: self.event_bytes() },
        };
        let exposed = flight.group.model.expose_upstream_model;
        let shown = (!exposed).then(|| ShownModel::new(&job.asked));
        let server = flight.target.upstream.as_ref();
        let opened = open(server, request, form, shown.as_ref()).await;
        self.count(&flight, opened.as_ref().err());
        match opened {
            Ok(opened) => {
                flight.began(now());
                Ok(Served { opened, flight, names: shown.map(|shown| Names { shown, upstream }) })
            }
            Err(error) => {
                flight.failed(&error, now());
                self.note_death(job, &flight, &error).await;
                let (target, order) = (deployment_id(&flight), flight.target.deployment.order);
                let group = Arc::clone(&flight.group);
                Err(Failed { error, upstream, target, group, order })
            }
        }
    }

    /// Whether there is another try, and how long to wait before it.
    fn next_try(&self, tries: &mut Tries, failed: &Failed) -> Option<Duration> {
        let class = judge::class(&failed.error);
        let (group, routing) = (&failed.group, &failed.group.routing);
        let alone = group.targets.len() == 1;
        let configured = routing.retries_for.get(&class);
        let helps = if alone { judge::helps_again(class) } else { judge::helps_elsewhere(class) };
        // Each order has its own retries before the next one is begun.
        if failed.order != tries.order {
            (tries.order, tries.retries) = (failed.order, 0);
        }
        let limit = configured.copied().or(group.model.retries).unwrap_or(routing.retries);
        let over = matches!(failed.error, UpstreamError::TotalTimeout { .. });
        let wanted = helps || configured.is_some_and(|retries| *retries > 0);
        let more = tries.retries < limit || self.later_order(tries, failed);
        // A request whose connection broke before an answer has one try for nothing: a server that
        // dies takes many requests along at once, and gets none of the tries.
        let free = class == FailureClass::Connection && !alone && tries.excluded.is_empty();
        if over || !wanted || !more || !(free || group.memory.retries.try_retry(now())) {
            return None;
        }
        tries.retries += 1;
        self.metrics.fleet.retries.inc();
        tracing::info!(
            deployment = %failed.target,
            class = class.word(),
            error = %failed.error,
            "trying again",
        );
        if !alone {
            tries.excluded.push(failed.target.clone());
            return Some(Duration::ZERO);
        }
        // A breaker that rests for a 429 is waited for in the line.
        if class == FailureClass::RateLimit {
            return Some(Duration::ZERO);
        }
        Some(backoff(tries.retries - 1, None, self.random()))
    }

    /// Whether the next order has not had its turn.
    #[expect(clippy::unused_self, reason = "reads like the question next to it")]
    fn later_order(&self, tries: &Tries, failed: &Failed) -> bool {
        let later = |target: &&Arc<crate::catalog::Target>| {
            target.deployment.order > failed.order
                && !tries.excluded.contains(&target.deployment.id)
        };
        failed.group.targets.iter().any(|target| later(&target))
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

fn deployment_id(flight: &Flight) -> DeploymentId {
    flight.target.deployment.id.clone()
}

/// The limits of a try, when some of the request's time is gone.
fn less(limits: Limits, spent: Duration) -> Limits {
    let total = super::job::remaining(limits.total, spent);
    Limits { first_byte: limits.first_byte.min(total), total, ..limits }
}

/// The time, which tests can stop.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
