//! `LiteLLM`'s `/health`: every deployment by how it stands. Where `LiteLLM` makes a paid call to
//! each, this shows what the probes have seen.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use transom_core::model::Deployment;
use transom_engine::control::ModelView;

use crate::admin::refusal::Refusal;
use crate::admin::shown::{StateWord, address};
use crate::app::App;
use crate::litellm::entry::{provided, server, upstream};
use crate::query::value;
use crate::reply;
use crate::shape::shape;

shape! {
    /// Every deployment by how it stands.
    answer struct LiteLlmHealth {
        /// Those that get requests.
        healthy_endpoints: Vec<LiteLlmEndpoint>,
        /// The others.
        unhealthy_endpoints: Vec<LiteLlmEndpoint>,
        /// How many get requests.
        healthy_count: usize,
        /// How many do not.
        unhealthy_count: usize,
    }
}

shape! {
    /// How a deployment stands.
    answer struct LiteLlmEndpoint {
        /// Its model's name at its server, with the provider in front.
        model: String,
        /// The name that clients ask for.
        model_name: Arc<str>,
        /// The deployment's id.
        model_id: Arc<str>,
        /// The base of its server's API.
        api_base: Option<String>,
        /// Its state.
        state: StateWord,
        /// Why it gets no requests.
        error: Option<String>,
    }
}

/// `GET /health`
pub(in crate::admin) async fn show(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let only = value(query.as_deref(), "model");
    let all = app.control.models().await?;
    let mut report = LiteLlmHealth {
        healthy_endpoints: Vec::new(),
        unhealthy_endpoints: Vec::new(),
        healthy_count: 0,
        unhealthy_count: 0,
    };
    for view in &all {
        if only.as_deref().is_some_and(|name| view.model.name.as_str() != name) {
            continue;
        }
        for deployment in &view.model.deployments {
            let (endpoint, healthy) = endpoint(view, deployment);
            let side = if healthy {
                &mut report.healthy_endpoints
            } else {
                &mut report.unhealthy_endpoints
            };
            side.push(endpoint);
        }
    }
    report.healthy_count = report.healthy_endpoints.len();
    report.unhealthy_count = report.unhealthy_endpoints.len();
    Ok(reply::encode(&report)?)
}

fn endpoint(view: &ModelView, deployment: &Deployment) -> (LiteLlmEndpoint, bool) {
    let seen = view.readiness.deployments.iter().find(|seen| seen.id == deployment.id);
    let state = seen.map_or(&view.readiness.state, |seen| &seen.state);
    let healthy = state.takes_requests();
    let endpoint = LiteLlmEndpoint {
        model: provided(upstream(view, deployment)),
        model_name: view.model.name.shared(),
        model_id: Arc::clone(&deployment.id.0),
        api_base: server(view, deployment).map(|server| address(&server.url)),
        state: StateWord(state.word()),
        error: state.reason().filter(|_| !healthy).map(str::to_owned),
    };
    (endpoint, healthy)
}
