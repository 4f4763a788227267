//! Successes as HTTP.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use transom_core::failure::Failure;
use transom_engine::call::{Again, Reply};

/// Tells reverse proxies such as nginx not to collect a stream before sending it on.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The header that says that an answer is an earlier one.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The header that names the request that was answered first, as `x-request-id` does this one.
pub(crate) const ORIGINAL_REQUEST: HeaderName =
    HeaderName::from_static("x-transom-original-request");

/// Tells how many items of the conversation the model was not shown.
pub(crate) const TRUNCATED_ITEMS: HeaderName = HeaderName::from_static("x-transom-truncated-items");

/// A JSON body with status 200.
pub(crate) fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A JSON body made of `body`, with status 200.
pub(crate) fn encode(body: &impl Serialize) -> Result<Response, Failure> {
    bytes(body).map(json)
}

/// `body` as JSON.
pub(crate) fn bytes(body: &impl Serialize) -> Result<Bytes, Failure> {
    let body = serde_json::to_vec(body).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Bytes::from(body))
}

/// A reply of the engine.
pub(crate) struct Out(pub(crate) Reply);

impl IntoResponse for Out {
    fn into_response(self) -> Response {
        match self.0 {
            Reply::Json(body) => json(body),
            Reply::Again(Again { request, reply }) => {
                let mut response = Self(*reply).into_response();
                let headers = response.headers_mut();
                headers.insert(REPLAYED, HeaderValue::from_static("true"));
                if let Ok(id) = HeaderValue::from_str(request.as_str()) {
                    headers.insert(ORIGINAL_REQUEST, id);
                }
                response
            }
            Reply::Shortened(dropped, reply) => {
                let mut response = Self(*reply).into_response();
                response.headers_mut().insert(TRUNCATED_ITEMS, HeaderValue::from(dropped.items));
                response
            }
            Reply::Events(body) => {
                let mut response = Response::new(Body::new(body));
                let headers = response.headers_mut();
                let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
                headers.insert(CONTENT_TYPE, events);
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
                response
            }
        }
    }
}
