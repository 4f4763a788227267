//! What a client reads when no model could serve its call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use transom_core::backend::BackendState;
use transom_core::failure::Failure;
use transom_core::upstream_error::{Report, UpstreamError};
use transom_wire::error::show_model;
use transom_wire::native::Unsupported;

use super::job::Native;
use super::{Job, Stop};
use crate::catalog::{Group, Nobody};

/// When a client should come back while a model loads: loading takes minutes.
const LOADING_RETRY_AFTER: Duration = Duration::from_secs(10);

/// When a client should come back while a server is gone: it may be back at any moment.
const GONE_RETRY_AFTER: Duration = Duration::from_secs(2);

/// A client need not come back sooner.
const SHORTEST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The model is loading.
pub(super) fn loading() -> Failure {
    Failure::NotReady { state: "loading", retry_after: LOADING_RETRY_AFTER }
}

/// No server can take requests; the state of one of them says what to tell.
pub(crate) fn not_ready(state: Option<&BackendState>) -> Failure {
    match state {
        Some(BackendState::Loading { .. }) | None => loading(),
        Some(state) => Failure::NotReady { state: state.word(), retry_after: GONE_RETRY_AFTER },
    }
}

/// What a client reads when the model of `group` could not serve its call.
pub(super) fn of(job: &Job, group: &Group, stop: Stop) -> Failure {
    let failure = of_stop(job, group, stop);
    // The client reads no more than the state; its operators look for the model.
    tracing::info!(model = %job.asked, %failure, "no deployment could serve a request");
    failure
}

fn of_stop(job: &Job, group: &Group, stop: Stop) -> Failure {
    match stop {
        Stop::Final(failure) => failure,
        Stop::WouldWait => loading(),
        Stop::Failed { error, upstream } => {
            let hide = !group.model.expose_upstream_model;
            Failure::Upstream(if hide { hidden(error, &upstream, &job.asked) } else { error })
        }
        Stop::Nobody(nobody) => of_nobody(job, group, nobody),
    }
}

fn of_nobody(job: &Job, group: &Group, nobody: Nobody) -> Failure {
    let gone = |state, retry_after| Failure::NotReady { state, retry_after };
    match nobody {
        Nobody::TooLong { limit } => Failure::invalid(
            job.prompt_field,
            "context_length_exceeded",
            format!(
                "The model '{}' takes {limit} tokens at most, prompt and answer together; this \
                 request needs about {}.",
                job.asked,
                job.length.tokens()
            ),
        ),
        Nobody::RateLimited { wait } => Failure::RateLimited { retry_after: wait },
        Nobody::Resting { wait } => gone("unavailable", wait.max(SHORTEST_RETRY_AFTER)),
        Nobody::Away { state } => gone(state, GONE_RETRY_AFTER),
        Nobody::AllTried => gone("unavailable", GONE_RETRY_AFTER),
        Nobody::NoRoute => Failure::invalid(
            "model",
            "unsupported_model",
            format!(
                "The model '{}' cannot be asked for this: its model servers have no {}.",
                job.asked,
                job.lacking().path()
            ),
        ),
        Nobody::Unsaid => unsaid(job),
        Nobody::Misconfigured => Failure::Misconfigured {
            model: job.asked.to_string(),
            served: job.operator.then(|| served(group)).filter(|names| !names.is_empty()),
        },
    }
}

/// A turn that cannot be said in the protocol of the model's servers.
fn unsaid(job: &Job) -> Failure {
    match &job.native {
        Native::Unsaid(Unsupported { param, what }) => Failure::invalid(
            param,
            "unsupported_value",
            format!(
                "The model '{}' cannot be asked for this: its model servers are asked at their own \
                 /v1/responses, which does not take it ({what}).",
                job.asked
            ),
        ),
        // The configuration has changed while the request was on its way.
        Native::Same | Native::Body(_) | Native::Unplanned => not_ready(None),
    }
}

/// Every name that is listed by those of the model's servers that lack the one they are asked for,
/// once.
fn served(group: &Group) -> Vec<String> {
    let lists = group.targets.iter().filter_map(|target| Some(target.unserved_name()?.1));
    let names: BTreeSet<Arc<str>> = lists
        .flat_map(|list| list.iter().map(|model| model.id.clone()).collect::<Vec<_>>())
        .collect();
    names.iter().map(ToString::to_string).collect()
}

/// The error without the name that only the model server knows.
pub(crate) fn hidden(error: UpstreamError, upstream: &str, asked: &str) -> UpstreamError {
    let rename = |mut report: Report| {
        show_model(&mut report, upstream, asked);
        report
    };
    match error {
        UpstreamError::Status { status, report, retry_after } => {
            UpstreamError::Status { status, report: rename(report), retry_after }
        }
        UpstreamError::Reported(report) => UpstreamError::Reported(rename(report)),
        other => other,
    }
}
