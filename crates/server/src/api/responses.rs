//! Stored responses: read, list their input, delete.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;

use super::list::List;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::name::Name;
use crate::reply;

pub(super) mod page;

/// `GET /v1/responses/{id}`
pub(crate) async fn retrieve(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    page::check(query.as_deref())?;
    page::refuse_stream(query.as_deref())?;
    let response = app.gateway.response(&caller, &id).await?;
    Ok(reply::json(Bytes::copy_from_slice(response.get().as_bytes())))
}

#[derive(Serialize)]
struct Deletion<'a> {
    id: &'a str,
    object: &'static str,
    deleted: bool,
}

/// `DELETE /v1/responses/{id}`
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
) -> Result<Response, Rejection> {
    app.gateway.delete_response(&caller, &id).await?;
    Ok(reply::encode(&Deletion { id: &id, object: "response", deleted: true })?)
}

/// `GET /v1/responses/{id}/input_items?limit=&order=&after=`
pub(crate) async fn input_items(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let query = page::parse(query.as_deref().unwrap_or_default())?;
    let page = app.gateway.input_items(&caller, &id, &query).await?;
    Ok(reply::encode(&List::of(&page))?)
}
