//! What has been tried of one model, and what to try next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::fleet::FailureClass;
use transom_core::model::DeploymentId;
use transom_core::upstream_error::UpstreamError;
use transom_routing::retry::{RetryBudget, backoff};

use super::{Job, judge};
use crate::catalog::{Group, Target};

/// A failed try.
pub(super) struct Failed {
    pub(super) error: UpstreamError,
    /// The name that was sent.
    pub(super) upstream: Arc<str>,
    pub(super) target: Arc<Target>,
    pub(super) group: Arc<Group>,
    /// What is left of the request's time.
    pub(super) left: Duration,
}

/// What has been tried of one model.
#[derive(Default)]
pub(super) struct Tries {
    /// Who must not get the call again.
    pub(super) excluded: Vec<DeploymentId>,
    /// When the first call went out: all tries share its time.
    first_call: Option<Instant>,
    /// Retries within the present order.
    retries: u32,
    order: u32,
    /// The next call, while it has not gone out.
    pending: Option<Pending>,
}

/// A retry that has no place yet.
enum Pending {
    /// It was taken out of this budget.
    Paid(Arc<RetryBudget>),
    Free,
}

/// How a call went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    First,
    Again,
}

impl Tries {
    /// A call goes out to a deployment of `group`. A request is counted once for each model that
    /// is called, however often.
    pub(super) fn goes(&mut self, group: &Group, now: Instant) -> Went {
        if self.first_call.is_none() {
            self.first_call = Some(now);
            group.memory.retries.request(now);
        }
        if self.pending.take().is_some() { Went::Again } else { Went::First }
    }

    /// How much of the request's time is gone.
    pub(super) fn spent(&self, now: Instant) -> Duration {
        self.first_call.map_or(Duration::ZERO, |first| now.saturating_duration_since(first))
    }

    /// There was no place for a retry.
    pub(super) fn stop(&mut self) {
        if let Some(Pending::Paid(budget)) = self.pending.take() {
            budget.give_back();
        }
    }

    /// Whether there is another try, and how long to wait before it.
    pub(super) fn next(
        &mut self,
        failed: &Failed,
        job: &Job,
        random: u64,
        now: Instant,
    ) -> Option<Duration> {
        let class = judge::class(&failed.error);
        let (group, routing) = (&failed.group, &failed.group.routing);
        let configured = routing.retries_for.get(&class).copied();
        let limit = configured.or(group.model.retries).unwrap_or(routing.retries);
        let alone = group.has_one(job.route);
        // A name that the client chose is as unknown elsewhere, and must not use up the budget.
        let chosen = failed.target.deployment.upstream.fixed().is_none();
        let helps = match class {
            FailureClass::NotFound if chosen => false,
            // One whose server takes more may take it.
            FailureClass::ContextLength => self.pass_over_shorter(failed),
            class if alone => judge::helps_again(class),
            class => judge::helps_elsewhere(class),
        };
        let wanted = helps || configured.is_some_and(|retries| retries > 0);
        if failed.left.is_zero() || !wanted {
            return None;
        }
        let first = self.excluded.is_empty();
        if alone {
            if self.retries >= limit {
                return None;
            }
        } else {
            self.exclude(failed, limit);
            if group.eligible(&job.wanted(&self.excluded, random)).is_empty() {
                return None;
            }
        }
        // A request whose connection broke before an answer has one try for nothing: a server that
        // dies takes many requests along at once, and gets none of the tries.
        let free = class == FailureClass::Connection && !alone && first;
        self.pending = Some(if free {
            Pending::Free
        } else {
            let budget = &group.memory.retries;
            budget.try_retry(now).then(|| Pending::Paid(Arc::clone(budget)))?
        });
        self.retries += 1;
        // Another deployment need not be spared, and a rest for a 429 is waited for in the line.
        let at_once = !alone || class == FailureClass::RateLimit;
        Some(if at_once { Duration::ZERO } else { backoff(self.retries - 1, None, random) })
    }

    /// Excludes all that do not take more than the one that found the request too long; whether
    /// any other is left.
    fn pass_over_shorter(&mut self, failed: &Failed) -> bool {
        let Some(most) = failed.target.context() else { return false };
        let longer = |target: &&Arc<Target>| target.context().is_some_and(|takes| takes > most);
        let (longer, others): (Vec<_>, Vec<_>) = failed.group.targets.iter().partition(longer);
        self.excluded.extend(others.iter().map(|target| target.deployment.id.clone()));
        !longer.is_empty()
    }

    /// Excludes who has failed. Each order has its own retries; when they are used up, the rest of
    /// it is passed over for the next order.
    fn exclude(&mut self, failed: &Failed, limit: u32) {
        let order = failed.target.deployment.order;
        if order != self.order {
            (self.order, self.retries) = (order, 0);
        }
        self.excluded.push(failed.target.deployment.id.clone());
        if self.retries >= limit {
            let passed = |target: &&Arc<Target>| target.deployment.order <= order;
            let passed = failed.group.targets.iter().filter(passed);
            self.excluded.extend(passed.map(|target| target.deployment.id.clone()));
        }
    }
}
