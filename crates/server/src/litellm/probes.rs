//! `LiteLLM`'s probes. They need no key.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;

use crate::app::App;
use crate::error::Rejection;
use crate::reply;
use crate::shape::shape;

/// `GET /health/liveliness` and `/health/liveness`: the program is alive.
pub(crate) async fn alive() -> Response {
    reply::json(Bytes::from_static(b"\"I'm alive!\""))
}

shape! {
    /// Whether requests can be served.
    answer struct Readiness {
        /// `healthy` or `unhealthy`.
        status: &'static str,
        /// Whether the store can be read: `connected` or `Not connected`.
        db: &'static str,
        /// What is told of each request, besides logs and metrics: nothing.
        success_callbacks: Vec<&'static str>,
    }
}

/// `GET /health/readiness`: 200 while any model is ready and the store can be read, otherwise 503.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Response, Rejection> {
    let seen = app.gateway.readiness().await;
    let mut response = reply::encode(&Readiness {
        status: if seen.is_ready() { "healthy" } else { "unhealthy" },
        db: if seen.store { "connected" } else { "Not connected" },
        success_callbacks: Vec::new(),
    })?;
    if !seen.is_ready() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}
