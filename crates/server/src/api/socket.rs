//! WebSocket mode: one connection for many responses.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use tracing::Instrument as _;
use transom_core::failure::Failure;
use transom_core::id::RequestId;

use crate::app::App;
use crate::caller::{REQUEST_ID, bearer};
use crate::error::Rejection;
use crate::hints;
use crate::listener::Slot;
use crate::socket::{Asker, handshake, serve};

/// `GET /v1/responses`, which is for WebSockets only: for everybody else it is not a method of this
/// route, so 405 rather than an invitation to upgrade (426).
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    mut request: Request,
) -> Result<Response, Rejection> {
    if !handshake::is_asked_for(&request) {
        return Err(Failure::MethodNotAllowed.into());
    }
    let headers = request.headers();
    let credentials = bearer(headers)?;
    app.gateway.authenticate(credentials.as_ref())?;
    handshake::check_origin(headers, &app.cors)?;
    hints::refuse_once(headers)?;
    let hints = hints::read(headers, &app.gateway.snapshot().settings.access)?;
    let id = headers.get(REQUEST_ID).and_then(|id| RequestId::from_client(id.to_str().ok()?));
    let id = id.unwrap_or_else(|| app.gateway.request_id());
    let accepted = handshake::accept(&request)?;
    let slot = request.extensions_mut().remove::<Slot>();
    let upgrade = hyper::upgrade::on(&mut request);
    let shutdown = app.shutdown.clone();
    let serving = serve(upgrade, Asker::new(app, credentials, hints, id));
    let serving = async move {
        let _slot = slot;
        serving.await;
    };
    let serving = shutdown.hard.run_until_cancelled_owned(serving);
    shutdown.tracker.spawn(serving.in_current_span());
    Ok(accepted.map(|()| Body::empty()))
}
