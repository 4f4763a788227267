//! Failures as HTTP.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use transom_core::failure::{Failure, Missing};

/// A failure on its way out. The outermost layer logs it, once, with the request's id.
pub(crate) struct Rejection(pub(crate) Failure);

/// The failure as the log wants it, carried on the response.
#[derive(Clone)]
pub(crate) struct Logged(pub(crate) Arc<Failure>);

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let public = self.0.public();
        let body = transom_wire::error::openai_body(&public);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = public.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.0.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        match self.0 {
            Failure::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // The rest of the body is still on its way: the connection is of no more use.
            Failure::BodyTooLarge { .. } | Failure::BodyTimeout => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response.extensions_mut().insert(Logged(Arc::new(self.0)));
        response
    }
}

/// No such route.
pub(crate) async fn no_route() -> Rejection {
    Rejection(Failure::NotFound(Missing::Route))
}

/// The route exists with other methods.
pub(crate) async fn no_method() -> Rejection {
    Rejection(Failure::MethodNotAllowed)
}
