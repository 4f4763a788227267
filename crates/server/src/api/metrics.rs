//! The metrics page.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;
use transom_core::failure::Failure;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Rejection;

/// `GET /metrics`, in the `OpenMetrics` text format.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    _caller: Caller,
) -> Result<Response, Rejection> {
    app.gateway.refresh_gauges();
    let mut text = String::new();
    encode(&mut text, &app.registry).map_err(|error| Failure::Internal(error.into()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
