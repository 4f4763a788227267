//! Sends one call to the best deployment, and to another one when that fails.
//!
//! This is the only layer that tries again. The order of things:
//!
//! 1. a place at a deployment is taken, or waited for (`place`);
//! 2. the call goes out under the deployment's own name for the model, and its answer is held back
//!    until its first content has come (`opened`);
//! 3. a failure is judged (`judge`): by its class, the retries left and the model's retry budget,
//!    it goes to another deployment, to another model, or to the client.
//!
//! # Layout
//!
//! - [`Job`]: what is to be done, whoever does it; [`Served`]: what came of it.
//! - `place`: waiting for a place; `attempt`: one model's deployments, one after the other; `tries`:
//!   which is next.
//! - `count`: how many tokens a prompt has, instead of an answer.
//! - `opened`: an answer up to its first content. `judge`: what failures mean; `refusal`: what
//!   clients read of them.
//! - `poison`: requests that kill servers.

use std::sync::Arc;

use transom_core::backend::ApiKind;
use transom_core::failure::{Failure, Missing};
use transom_core::fleet::FailureClass;
use transom_core::port::upstream::Route;
use transom_core::upstream_error::UpstreamError;
use transom_wire::tap::ShownModel;

use crate::catalog::{Flight, Found, Group, Nobody};
use crate::gateway::Gateway;
use crate::metrics::fleet::FallbackLabel;

mod attempt;
pub(crate) mod count;
pub(crate) mod job;
pub(crate) mod judge;
mod opened;
mod place;
pub(crate) mod poison;
mod refusal;
mod tries;

pub(crate) use job::Job;
pub(crate) use opened::Opened;
pub(crate) use refusal::{hidden, not_ready};

/// A call that is being answered.
pub(crate) struct Served {
    /// The answer.
    pub(crate) opened: Opened,
    /// In which protocol it comes.
    pub(crate) speaks: ApiKind,
    /// Its place at the deployment.
    pub(crate) flight: Flight,
    /// The names to exchange in the answer; `None` where the operator lets clients see the model
    /// server's.
    pub(crate) names: Option<Names>,
}

/// The two names of a model.
pub(crate) struct Names {
    /// What clients read.
    pub(crate) shown: ShownModel,
    /// What only the model server says.
    pub(crate) upstream: Arc<str>,
}

/// Why one model could not serve a call.
pub(super) enum Stop {
    /// Its last deployment failed like this.
    Failed { error: UpstreamError, upstream: Arc<str> },
    /// No deployment can take it, nor will soon.
    Nobody(Nobody),
    /// Nobody can take it now, but waiting helps.
    WouldWait,
    /// It must not be tried anywhere else.
    Final(Failure),
}

/// Whether to wait for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until the queue's limit.
    Wait,
    /// Not at all: another model may be free.
    LookOnly,
}

impl Gateway {
    /// Has the job done by the model it asks for, or by one of the models that stand in for it.
    pub(crate) async fn dispatch(self: Arc<Self>, job: Arc<Job>) -> Result<Served, Failure> {
        self.refuse_poison(&job)?;
        let group = self.find(&job.asked)?.group;
        let first =
            if stand_ins(&group, None).is_empty() { Patience::Wait } else { Patience::LookOnly };
        let mut stop = match self.with_model(&job.asked, &job, first).await {
            Ok(served) => return Ok(served),
            Err(stop) => stop,
        };
        for name in stand_ins(&group, Some(&stop)) {
            tracing::warn!(model = %job.asked, fallback = %name, "another model stands in");
            let label = FallbackLabel { model: group.model.name.shared(), to: Arc::clone(&name) };
            self.metrics.fleet.fallbacks.get_or_create(&label).inc();
            match self.with_model(&name, &job, Patience::LookOnly).await {
                Ok(served) => return Ok(served),
                Err(Stop::Final(failure @ Failure::Poisoned)) => return Err(failure),
                // What the model itself said is worth more than what became of its stand-in.
                Err(_) => {}
            }
        }
        if matches!(stop, Stop::WouldWait) {
            // The model that was asked for is the one to wait for.
            stop = match self.with_model(&job.asked, &job, Patience::Wait).await {
                Ok(served) => return Ok(served),
                Err(stop) => stop,
            };
        }
        Err(refusal::of(&job, &group, stop))
    }

    /// The longest prompt and answer together that a request for this model can have; `None`: nobody
    /// says, or longer ones go to models that stand in.
    pub(crate) fn context_of(&self, asked: &str) -> Option<u32> {
        let Found { group, name } = self.find(asked).ok()?;
        let alone = group.model.context_fallbacks.is_empty();
        alone.then(|| group.max_model_len(&name, Route::ChatCompletions)).flatten()
    }

    /// The model that a name stands for in the present snapshot.
    fn find(&self, name: &str) -> Result<Found, Failure> {
        let found = self.live.snapshot().catalog.find(name);
        found.ok_or_else(|| Failure::NotFound(Missing::Model(name.to_owned())))
    }
}

/// The models that stand in when `group` stopped like this; before it has been tried (`None`),
/// those for the ordinary case.
fn stand_ins(group: &Group, stop: Option<&Stop>) -> Vec<Arc<str>> {
    let class = match stop {
        Some(Stop::Failed { error, .. }) => Some(judge::class(error)),
        Some(Stop::Nobody(Nobody::TooLong { .. })) => Some(FailureClass::ContextLength),
        Some(Stop::Final(_)) => return Vec::new(),
        Some(Stop::Nobody(_) | Stop::WouldWait) | None => None,
    };
    let model = &group.model;
    let names = match class {
        Some(FailureClass::ContextLength) => &model.context_fallbacks,
        Some(FailureClass::ContentPolicy) => &model.content_fallbacks,
        Some(FailureClass::BadRequest) => return Vec::new(),
        _ if model.fallbacks.is_empty() => &group.routing.default_fallbacks,
        _ => &model.fallbacks,
    };
    let others = names.iter().filter(|name| ***name != *model.name.as_str());
    others.take(group.routing.max_fallbacks as usize).cloned().collect()
}

#[cfg(test)]
mod tests;
