//! The configuration in effect.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use transom_engine::control::Revision;

use super::operation::Operation;
use super::operator::Operator;
use super::refusal::Refusal;
use crate::app::App;
use crate::reply;
use crate::shape::{shape, words};

words! {
    /// Whether the newest configuration is in effect.
    ConfigWord of ["applied", "rejected"]
}

shape! {
    /// The configuration in effect.
    answer struct RevisionShown {
        /// Counts the configurations of this process, from 1. Every answer of this gateway carries
        /// it as `x-transom-revision`.
        revision: u64,
        /// Equal on every replica that runs the same configuration.
        digest: String,
        /// Counts the changes of the models in the store.
        store_revision: i64,
        /// When it took effect, in seconds since the Unix epoch.
        since: i64,
        /// `rejected`: a newer one was refused as a whole, and this one stays.
        config: ConfigWord,
        /// The newer one that was refused.
        rejected: Option<RejectedShown>,
        /// Sections of the files that were left out, as `FILE:LINE SECTION`.
        left_out: Vec<String>,
        /// Settings that have changed and take effect only after a restart.
        restart_needed: Vec<&'static str>,
    }
}

shape! {
    /// A configuration that was refused.
    answer struct RejectedShown {
        /// When it was seen, in seconds since the Unix epoch.
        at: i64,
        /// Every problem, each with its place and a hint.
        problems: Vec<String>,
    }
}

pub(super) fn operations() -> [Operation; 2] {
    [
        Operation::get("/admin/v1/revision", "The configuration in effect", show)
            .answers::<RevisionShown>(200),
        Operation::post("/admin/v1/reload", "Read files and store again, now", reload)
            .answers::<RevisionShown>(200)
            .fails(&[422]),
    ]
}

async fn show(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    Ok(reply::encode(&shown(app.control.revision()))?)
}

async fn reload(State(app): State<Arc<App>>, operator: Operator) -> Result<Response, Refusal> {
    let result = app.control.reload().await;
    let result = result.map_err(|rejected| Refusal::Rejected(rejected.problems));
    operator.log("reload", "configuration", &result);
    Ok(reply::encode(&shown(result?))?)
}

fn shown(revision: Revision) -> RevisionShown {
    let rejected = revision
        .rejected
        .map(|rejected| RejectedShown { at: rejected.at.seconds(), problems: rejected.problems });
    RevisionShown {
        revision: revision.number,
        digest: revision.digest,
        store_revision: revision.store,
        since: revision.since.seconds(),
        config: ConfigWord(if rejected.is_some() { "rejected" } else { "applied" }),
        rejected,
        left_out: revision.left_out,
        restart_needed: revision.restart,
    }
}
