//! Every layer, from the inside out.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tracing::Instrument as _;
use transom_core::failure::{Blame, Failure, Invalid};
use transom_core::id::RequestId;
use transom_engine::live::Snapshot;
use transom_engine::metrics::{Exchange, Metrics, RouteLabel};

use crate::app::App;
use crate::caller::REQUEST_ID;
use crate::edge::Limits;
use crate::error::{ERROR_CODE, Logged, Rejection};
use crate::phase::Serving;
use crate::reply::{ORIGINAL_REQUEST, REPLAYED, TRUNCATED_ITEMS};

/// The header that tells which configuration was in effect when a request came.
const REVISION: HeaderName = HeaderName::from_static("x-transom-revision");

/// Puts the layers around the routes. Pages of `origins` may call them.
pub(crate) fn around(router: Router, app: Arc<App>, origins: &[HeaderValue]) -> Router {
    // A panic ends one request, not the connection's neighbours.
    let router = router.layer(CatchPanicLayer::custom(panicked));
    // Browsers ask before they send: answered before anything else is looked at.
    let router = match cors(origins) {
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
            // The official clients send headers of their own (`x-stainless-…`).
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([
                REQUEST_ID,
                REVISION,
                ERROR_CODE,
                REPLAYED,
                TRUNCATED_ITEMS,
                ORIGINAL_REQUEST,
                header::RETRY_AFTER,
            ]),
    )
}

async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = identify(&app, request.headers_mut());
    let route: Arc<str> = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| Arc::from("unknown"), |path| Arc::from(path.as_str()));
    let method = method_word(request.method());
    // What serves it is what its record names, whatever takes effect meanwhile.
    let live = app.gateway.snapshot();
    let revision = live.revision;
    request.extensions_mut().insert(InEffect(live));
    let watch = Watch::begin(app.gateway.metrics(), Line { id, method, route, revision });
    let mut response = if head_too_large(&request, &app.edge.limits()) {
        headers_too_large().into_response()
    } else {
        // What is logged on the way, also by a stream that outlives this function, has the id.
        let span = tracing::info_span!("request", id = %watch.line.id);
        next.run(request).instrument(span).await
    };
    if let Ok(value) = HeaderValue::from_str(watch.line.id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(REVISION, HeaderValue::from(revision));
    watch.answered(&response);
    response
}

/// The configuration that was in effect when a request came.
#[derive(Clone)]
pub(crate) struct InEffect(pub(crate) Arc<Snapshot>);

/// Counts and logs one exchange, whatever becomes of it: a client that leaves before the head of
/// its answer takes the future that serves it along.
pub(crate) struct Watch {
    metrics: Metrics,
    line: Line,
    started: Instant,
    open: bool,
}

impl Watch {
    pub(crate) fn begin(metrics: &Metrics, line: Line) -> Self {
        metrics.in_flight.inc();
        Self { metrics: metrics.clone(), line, started: Instant::now(), open: true }
    }

    fn answered(self, response: &Response) {
        self.ended(response.status(), response.extensions().get::<Logged>());
    }

    /// The exchange has its answer.
    pub(crate) fn ended(mut self, status: StatusCode, failure: Option<&Logged>) {
        self.close(status.as_u16(), failure);
    }

    fn close(&mut self, status: u16, failure: Option<&Logged>) {
        self.open = false;
        self.metrics.in_flight.dec();
        let Line { method, route, .. } = &self.line;
        let exchange = Exchange { method, route: route.clone(), status };
        self.metrics.requests.get_or_create(&exchange).inc();
        let (label, took) = (RouteLabel { method, route: route.clone() }, self.started.elapsed());
        self.metrics.request_seconds.get_or_create(&label).observe(took.as_secs_f64());
        log(&self.line, status, took.as_millis(), failure);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.open {
            let failure = Failure::Cancelled;
            self.close(failure.public().status.as_u16(), Some(&Logged::of(&failure)));
        }
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

/// What names an exchange in logs and metrics.
pub(crate) struct Line {
    pub(crate) id: RequestId,
    pub(crate) method: &'static str,
    pub(crate) route: Arc<str>,
    /// The configuration that was in effect when it began.
    pub(crate) revision: u64,
}

/// Logs an exchange once, as loudly as the one to blame deserves.
fn log(line: &Line, status: u16, milliseconds: u128, failure: Option<&Logged>) {
    match failure {
        None => log_quietly(line, status, milliseconds, "answered"),
        Some(Logged { blame: Blame::Client, why }) => {
            log_quietly(line, status, milliseconds, &format!("refused: {why}"));
        }
        Some(Logged { blame, why }) => log_fault(line, status, milliseconds, *blame, why),
    }
}

fn log_quietly(line: &Line, status: u16, milliseconds: u128, what: &str) {
    let Line { id, method, route, revision } = line;
    let route = &**route;
    tracing::info!(request.id = %id, method, route, status, milliseconds, revision, "{what}");
}

fn log_fault(line: &Line, status: u16, milliseconds: u128, blame: Blame, why: &str) {
    let Line { id, method, route, revision } = line;
    let route = &**route;
    if blame == Blame::Upstream {
        tracing::warn!(request.id = %id, method, route, status, milliseconds, revision, "{why}");
    } else {
        tracing::error!(request.id = %id, method, route, status, milliseconds, revision, "{why}");
    }
}

fn headers_too_large() -> Rejection {
    Rejection(Failure::Invalid(Invalid {
        param: None,
        code: "headers_too_large",
        message: "The request's headers are too large.".to_owned(),
    }))
}

fn head_too_large(request: &Request, limits: &Limits) -> bool {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let bytes = target + request.headers().iter().map(line).sum::<usize>();
    bytes > limits.header_bytes || request.headers().len() > limits.header_count
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
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
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
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        serving.for_good();
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held_until_the_body_is_gone = &serving;
            frame
        }))
    })
}
