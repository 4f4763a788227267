//! Whether requests can be served. No key is needed; who shows one also reads why.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use transom_core::backend::BackendState;
use transom_core::failure::{Failure, Missing};
use transom_engine::readiness::{DeploymentReadiness, ModelReadiness};

use crate::app::App;
use crate::caller::is_operator;
use crate::error::Rejection;
use crate::query::value;
use crate::reply;

#[derive(Serialize)]
struct Readiness<'a> {
    status: &'static str,
    revision: u64,
    /// `rejected`: a newer configuration is refused, and the one before serves on.
    config: &'static str,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<&'a [String]>,
    models: Vec<OneModel<'a>>,
    /// The best state among all models, for probes that know no models.
    model_server: ModelServer<'a>,
    store: &'static str,
    /// Sections of the files that were left out.
    left_out: &'a [String],
    /// Settings that have changed and take effect only after a restart: for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    restart_needed: Option<&'a [&'static str]>,
}

#[derive(Serialize)]
struct OneModel<'a> {
    model: &'a str,
    state: &'static str,
    /// They name hosts and upstream models: for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployments: Option<Vec<Deployment<'a>>>,
}

#[derive(Serialize)]
struct Deployment<'a> {
    id: &'a str,
    state: &'static str,
    backend: &'a str,
    breaker: &'static str,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelServer<'a> {
    state: &'static str,
    reason: Option<&'a str>,
}

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Operator,
    Anybody,
}

/// `GET /readyz`: 200 while any model is ready and the store can be read, otherwise 503; with
/// `?model=NAME` only that one counts. A refused configuration changes nothing of that: the one
/// before serves on.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let reader =
        if is_operator(&app.gateway, &headers) { Reader::Operator } else { Reader::Anybody };
    let mut seen = app.gateway.readiness().await;
    if let Some(asked) = value(query.as_deref(), "model") {
        let found = app.gateway.model_readiness(&asked);
        let found = found.ok_or_else(|| Failure::NotFound(Missing::Model(asked.clone())))?;
        seen.models = vec![ModelReadiness { model: asked.into(), ..found }];
    }
    let revision = app.control.revision();
    let rejected = revision.rejected.as_ref();
    let best = seen.models.iter().map(|model| &model.state).min_by_key(|state| state.rank());
    let body = Readiness {
        status: if seen.is_ready() { "ready" } else { "not_ready" },
        revision: seen.revision,
        config: if rejected.is_some() { "rejected" } else { "applied" },
        problems: rejected
            .filter(|_| reader == Reader::Operator)
            .map(|rejected| rejected.problems.as_slice()),
        models: seen.models.iter().map(|model| shown(model, reader)).collect(),
        model_server: ModelServer {
            state: best.map_or("unreachable", BackendState::word),
            reason: best.and_then(BackendState::reason).filter(|_| reader == Reader::Operator),
        },
        store: if seen.store { "ready" } else { "unavailable" },
        left_out: &revision.left_out,
        restart_needed: (reader == Reader::Operator).then_some(&revision.restart),
    };
    let mut response = reply::encode(&body)?;
    if !seen.is_ready() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

fn shown(model: &ModelReadiness, reader: Reader) -> OneModel<'_> {
    let deployments =
        (reader == Reader::Operator).then(|| model.deployments.iter().map(deployment).collect());
    OneModel { model: &model.model, state: model.state.word(), deployments }
}

fn deployment(seen: &DeploymentReadiness) -> Deployment<'_> {
    Deployment {
        id: &seen.id.0,
        state: seen.state.word(),
        backend: &seen.backend.0,
        breaker: seen.breaker,
        reason: seen.state.reason(),
    }
}
