//! The models that can be asked for.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::name::Name;
use crate::reply;

/// `GET /v1/models`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _caller: Caller,
) -> Result<Response, Rejection> {
    Ok(reply::json(app.gateway.models()?))
}

/// `GET /v1/models/{model}`
pub(crate) async fn retrieve(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Name(model): Name,
) -> Result<Response, Rejection> {
    Ok(reply::json(app.gateway.model(&model)?))
}
