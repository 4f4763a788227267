//! Failures as HTTP.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use transom_core::failure::{Blame, Failure, Missing, Public};
use transom_core::upstream_error::UpstreamError;

/// Says which failure it is where the body cannot: the codes of a failed response are OpenAI's few.
pub(crate) const ERROR_CODE: HeaderName = HeaderName::from_static("x-transom-error-code");

/// A failure on its way out. The outermost layer logs it, once, with the request's id.
pub(crate) struct Rejection(pub(crate) Failure);

/// A failure as the log wants it, carried on the response.
#[derive(Clone)]
pub(crate) struct Logged {
    /// Decides how loudly it is logged.
    pub(crate) blame: Blame,
    /// What is logged.
    pub(crate) why: Arc<str>,
}

impl Logged {
    /// What a client did wrong is logged in the public words: they are bounded, and the client's
    /// own text may be as long as its body.
    pub(crate) fn of(failure: &Failure) -> Self {
        let why = match failure.blame() {
            Blame::Client => failure.public().message,
            Blame::Upstream | Blame::Gateway => failure.to_string(),
        };
        Self { blame: failure.blame(), why: why.into() }
    }
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = answer(&self.0.public(), Logged::of(&self.0));
        let headers = response.headers_mut();
        if let Some(wait) = self.0.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait, &self.0)));
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
        response
    }
}

/// No wait becomes longer than this by being spread, in seconds.
const LONGEST_SPREAD: u64 = 60;

/// When to come back, in whole seconds: what a model server asked for as it is, and our own word
/// spread by up to a quarter, so that those who were refused together do not return together.
fn seconds(wait: Duration, failure: &Failure) -> u64 {
    let rounded = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = rounded.max(1);
    if let Failure::Upstream(UpstreamError::Status { retry_after: Some(_), .. }) = failure {
        return seconds;
    }
    let spread = RandomState::new().hash_one("spread") % (seconds / 4 + 1);
    (seconds + spread).min(seconds.max(LONGEST_SPREAD))
}

/// An error in OpenAI's shape.
pub(crate) fn answer(public: &Public, logged: Logged) -> Response {
    let mut response = Response::new(Body::from(transom_wire::error::openai_body(public)));
    *response.status_mut() = public.status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    if let Ok(code) = HeaderValue::from_str(&public.code) {
        response.headers_mut().insert(ERROR_CODE, code);
    }
    response.extensions_mut().insert(logged);
    response
}

/// No such route.
pub(crate) async fn no_route() -> Rejection {
    Rejection(Failure::NotFound(Missing::Route))
}

/// The route exists with other methods.
pub(crate) async fn no_method() -> Rejection {
    Rejection(Failure::MethodNotAllowed)
}
