//! Whether the program is alive. No key is needed.

use axum::response::Response;
use bytes::Bytes;

use crate::reply;

/// `GET /health`: the program is alive. It says nothing else, as load balancers expect.
pub(crate) async fn alive() -> Response {
    reply::json(Bytes::from_static(b"{}"))
}
