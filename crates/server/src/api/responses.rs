//! Stored responses: read, stream again, cancel, list their input, delete.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::conversations::shown;
use super::list::List;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::name::Name;
use crate::reply::{self, Out};
use resume::Wanted;

pub(super) mod page;
mod resume;

/// `GET /v1/responses/{id}?stream=&starting_after=`
pub(crate) async fn retrieve(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    match resume::parse(query.as_deref().unwrap_or_default())? {
        Wanted::Object => Ok(shown(&app.gateway.response(&caller, &id).await?)),
        Wanted::Events { after } => {
            Ok(Out(app.gateway.resume(&caller, &id, after).await?).into_response())
        }
    }
}

/// `POST /v1/responses/{id}/cancel`
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
) -> Result<Response, Rejection> {
    Ok(shown(&app.gateway.cancel_response(&caller, &id).await?))
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
