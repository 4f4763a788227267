//! Whether the program is alive, and whether it can serve. Both need no key.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::reply;

/// `GET /health`: the program is alive. It says nothing else, as load balancers expect.
pub(crate) async fn alive() -> Response {
    reply::json(Bytes::from_static(b"{}"))
}

#[derive(Serialize)]
struct Readiness<'a> {
    status: &'static str,
    model_server: ModelServer<'a>,
    store: &'static str,
}

#[derive(Serialize)]
struct ModelServer<'a> {
    state: &'static str,
    reason: Option<&'a str>,
}

/// `GET /readyz`: 200 while requests can be served, otherwise 503; the body says why.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let seen = app.gateway.readiness().await;
    let body = Readiness {
        status: if seen.is_ready() { "ready" } else { "not_ready" },
        model_server: ModelServer { state: seen.backend.word(), reason: seen.backend.reason() },
        store: if seen.store { "ready" } else { "unavailable" },
    };
    let status = if seen.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    (status, reply::json(Bytes::from(body))).into_response()
}
