//! Conversations: create, read, change, delete. Their items are in [`super::conversation_items`].

use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use transom_core::Json;
use transom_core::failure::Failure;
use transom_engine::conversations::{Incoming, Posted};

use crate::app::App;
use crate::body::read_json;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::hints;
use crate::name::Name;
use crate::reply::{self, Out};

/// What a request without a body says.
const NOTHING: &[u8] = b"{}";

/// `POST /v1/conversations`, whose body may be missing: then the conversation is empty.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, Rejection> {
    let posted = if request.body().is_end_stream() {
        let nothing = Box::pin(async { Ok(Bytes::from_static(NOTHING)) });
        Posted { body: nothing, ..posted(&app, request)? }
    } else {
        posted(&app, request)?
    };
    Ok(Out(app.gateway.create_conversation(&caller, posted).await?).into_response())
}

/// `GET /v1/conversations/{id}`
pub(crate) async fn retrieve(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
) -> Result<Response, Rejection> {
    Ok(shown(&app.gateway.conversation(&caller, &id).await?))
}

/// `POST /v1/conversations/{id}`
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
    request: Request,
) -> Result<Response, Rejection> {
    let body = incoming(&app, request);
    Ok(shown(&app.gateway.update_conversation(&caller, &id, body).await?))
}

/// `DELETE /v1/conversations/{id}`
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(id): Name,
) -> Result<Response, Rejection> {
    Ok(shown(&app.gateway.delete_conversation(&caller, &id).await?))
}

/// A request that makes something.
pub(super) fn posted(app: &App, request: Request) -> Result<Posted, Failure> {
    let once = hints::once(request.headers())?;
    Ok(Posted { body: incoming(app, request), once })
}

/// A body that is read when the engine wants it.
fn incoming(app: &App, request: Request) -> Incoming {
    let (head, body) = request.into_parts();
    Box::pin(read_json(head.headers, body, app.edge.limits().body))
}

pub(super) fn shown(json: &Json) -> Response {
    reply::json(Bytes::copy_from_slice(json.get().as_bytes()))
}
