//! The items of conversations: add, list, read, delete.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use transom_core::port::store::ItemPage;

use super::conversations::{posted, shown};
use super::list::List;
use super::responses::page;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::name::{Name, Names};
use crate::reply::{self, Out};

/// `POST /v1/conversations/{id}/items`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Rejection> {
    page::check(query.as_deref())?;
    let posted = posted(&app, request)?;
    let listed = |added: &ItemPage| reply::bytes(&List::of(added));
    Ok(Out(app.gateway.add_items(&caller, &id, posted, listed).await?).into_response())
}

/// `GET /v1/conversations/{id}/items?limit=&order=&after=&include=`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let query = page::parse(query.as_deref().unwrap_or_default())?;
    let page = app.gateway.conversation_items(&caller, &id, &query).await?;
    Ok(reply::encode(&List::of(&page))?)
}

/// `GET /v1/conversations/{id}/items/{item_id}?include=`
pub(crate) async fn retrieve(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Names(id, item): Names,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    page::check(query.as_deref())?;
    Ok(shown(&app.gateway.conversation_item(&caller, &id, &item).await?))
}

/// `DELETE /v1/conversations/{id}/items/{item_id}`
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Names(id, item): Names,
) -> Result<Response, Rejection> {
    Ok(shown(&app.gateway.delete_conversation_item(&caller, &id, &item).await?))
}
