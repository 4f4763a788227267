//! Every layer, from the inside out.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::BodyExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use transom_core::failure::{Blame, Failure, Invalid};
use transom_core::id::RequestId;
use transom_engine::metrics::{Exchange, Metrics, RouteLabel};

use crate::app::App;
use crate::caller::REQUEST_ID;
use crate::error::{Logged, Rejection};
use crate::phase::Serving;

/// Puts the layers around the routes.
pub(crate) fn around(router: Router, app: Arc<App>) -> Router {
    // A panic ends one request, not the connection's neighbours.
    let router = router.layer(CatchPanicLayer::custom(panicked));
    // Browsers ask before they send: answered before anything else is looked at.
    let router = match cors(&app.limits.cors) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    // Outermost: whatever happens inside, the answer has an id, is counted and is logged once.
    router.layer(from_fn_with_state(app, observe))
}

fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let everybody = origins.iter().any(|origin| origin == "*");
    let allowed =
        if everybody { AllowOrigin::any() } else { AllowOrigin::list(origins.iter().cloned()) };
    // No cookies are used, so credentials are never allowed.
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID])
            .expose_headers([REQUEST_ID, header::RETRY_AFTER]),
    )
}

async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = identify(&app, request.headers_mut());
    let method = method_word(request.method());
    let route: Arc<str> = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| Arc::from("unknown"), |path| Arc::from(path.as_str()));
    let too_large = header_bytes(request.headers()) > app.limits.header_bytes;
    let metrics = app.gateway.metrics();
    let in_flight = InFlight::enter(metrics);
    let mut response =
        if too_large { headers_too_large().into_response() } else { next.run(request).await };
    drop(in_flight);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    metrics.requests.get_or_create(&Exchange { method, route: route.clone(), status }).inc();
    let label = RouteLabel { method, route: route.clone() };
    metrics.request_seconds.get_or_create(&label).observe(started.elapsed().as_secs_f64());
    let milliseconds = started.elapsed().as_millis();
    let failure = response.extensions().get::<Logged>().map(|logged| &*logged.0);
    log(&Line { id: &id, method, route: &route, status, milliseconds }, failure);
    response
}

/// Counts a request until its answer begins, also when its client leaves before: then the future
/// that serves it is dropped.
struct InFlight(Metrics);

impl InFlight {
    fn enter(metrics: &Metrics) -> Self {
        metrics.in_flight.inc();
        Self(metrics.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// Gives the request its id: the client's own if it is fit to be one. It replaces the header, so
/// that everything behind reads the same id.
fn identify(app: &App, headers: &mut HeaderMap) -> RequestId {
    let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = own.and_then(RequestId::from_client).unwrap_or_else(|| app.gateway.request_id());
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    id
}

/// What a log line says about an exchange.
struct Line<'a> {
    id: &'a RequestId,
    method: &'static str,
    route: &'a str,
    status: u16,
    milliseconds: u128,
}

/// Logs an exchange once, as loudly as the one to blame deserves.
fn log(line: &Line<'_>, failure: Option<&Failure>) {
    match failure {
        Some(failure) if failure.blame() != Blame::Client => log_fault(line, failure),
        Some(failure) => log_refusal(line, failure),
        None => {
            let Line { id, method, route, status, milliseconds } = line;
            tracing::info!(request.id = %id, method, route, status, milliseconds, "answered");
        }
    }
}

fn log_refusal(line: &Line<'_>, failure: &Failure) {
    let Line { id, method, route, status, milliseconds } = line;
    tracing::info!(request.id = %id, method, route, status, milliseconds, "refused: {failure}");
}

fn log_fault(line: &Line<'_>, failure: &Failure) {
    let Line { id, method, route, status, milliseconds } = line;
    if failure.blame() == Blame::Upstream {
        tracing::warn!(request.id = %id, method, route, status, milliseconds, "{failure}");
    } else {
        tracing::error!(request.id = %id, method, route, status, milliseconds, "{failure}");
    }
}

fn headers_too_large() -> Rejection {
    Rejection(Failure::Invalid(Invalid {
        param: None,
        code: "headers_too_large",
        message: "The request's headers are too large.".to_owned(),
    }))
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    headers.iter().map(line).sum()
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's handlers own the panic")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&'static str>().copied())
        .unwrap_or("a panic without a message");
    Rejection(Failure::Internal(what.to_owned().into())).into_response()
}

/// A closed set of methods, so that nobody can fill the metrics with names.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Ties a connection's phase to the life of an answer's body.
pub(crate) fn mark_served(
    response: Result<Response, std::convert::Infallible>,
    serving: Serving,
) -> Response {
    let Ok(response) = response;
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held_until_the_body_is_gone = &serving;
            frame
        }))
    })
}
