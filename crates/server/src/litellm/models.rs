//! `GET /model/info` and `/v1/model/info`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use transom_core::failure::{Failure, Missing};

use super::entry::{LiteLlmModels, Reader, of};
use crate::admin::refusal::Refusal;
use crate::app::App;
use crate::caller::Caller;
use crate::query::value;
use crate::reply;

/// As clients see it: without models that lists leave out, upstream names and addresses.
pub(crate) async fn for_clients(
    State(app): State<Arc<App>>,
    _caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    list(&app, Reader::Client, query.as_deref()).await
}

/// As operators see it.
pub(crate) async fn for_operators(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    list(&app, Reader::Operator, query.as_deref()).await
}

async fn list(app: &App, reader: Reader, query: Option<&str>) -> Result<Response, Refusal> {
    let all = app.control.models().await?;
    let shown = all.iter().filter(|view| reader == Reader::Operator || !view.model.hidden);
    let mut data: Vec<_> = shown.flat_map(|view| of(view, reader)).collect();
    if let Some(id) = value(query, "litellm_model_id") {
        data.retain(|entry| *entry.model_info.id == *id);
        if data.is_empty() {
            return Err(Failure::NotFound(Missing::Model(id)).into());
        }
    }
    Ok(reply::encode(&LiteLlmModels { data })?)
}
