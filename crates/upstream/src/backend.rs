//! One model server: its client, its key, its state.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, InvalidHeaderValue};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use transom_core::backend::BackendState;
use transom_core::port::upstream::{Route, Upstream, UpstreamReply, UpstreamRequest};
use transom_core::secret::Secret;
use transom_core::upstream_error::UpstreamError;

use crate::base::Base;
use crate::body::{Patience, Timed, with_causes};
use crate::connector::{ConnectTimeout, Connector};
use crate::counted::{Answers, was_used};

/// Idle connections are dropped before the server drops them (uvicorn's default is 5 s), so that a
/// request rarely meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one server.
const POOL_SIZE: usize = 1024;

/// Bytes read ahead for one answer: what a client that reads slowly costs.
const BUFFER: usize = 32 * 1024;

/// How to talk to a server.
pub struct Settings {
    /// Where it is.
    pub base: Base,
    /// The gateway's own key for it; the client's key never gets here.
    pub key: Option<Secret>,
    /// How to connect.
    pub connector: Connector,
    /// The limit for the TCP connection, for messages.
    pub connect_timeout: Duration,
    /// How long to wait for the head of an answer.
    pub first_byte_timeout: Duration,
    /// The limits of an answer's body.
    pub patience: Patience,
}

/// A model server behind the port.
pub struct Backend {
    base: Base,
    headers: HeaderMap,
    client: Client<Connector, Full<Bytes>>,
    connect_timeout: Duration,
    first_byte_timeout: Duration,
    patience: Patience,
    state: watch::Sender<BackendState>,
    doubted: Notify,
}

impl Backend {
    /// A server that has not been reached yet. Fails when the key cannot be sent in a header.
    pub fn new(settings: Settings) -> Result<Self, InvalidHeaderValue> {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(POOL_SIZE)
            .http1_max_buf_size(BUFFER)
            .build(settings.connector);
        let reason = Arc::from("not asked yet");
        Ok(Self {
            base: settings.base,
            headers: own_headers(settings.key.as_ref())?,
            client,
            connect_timeout: settings.connect_timeout,
            first_byte_timeout: settings.first_byte_timeout,
            patience: settings.patience,
            state: watch::Sender::new(BackendState::Loading { reason }),
            doubted: Notify::new(),
        })
    }

    /// The server's state, for those who wait for a change.
    pub fn watch(&self) -> watch::Receiver<BackendState> {
        self.state.subscribe()
    }

    /// Waits until a request could not connect, which is a reason to probe before it is time.
    pub async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// Host and port, as logs show the server.
    pub fn authority(&self) -> &str {
        self.base.authority()
    }

    /// Sets the state; the change is logged once.
    pub fn set_state(&self, state: BackendState) {
        self.state.send_if_modified(|current| {
            if *current == state {
                return false;
            }
            if current.word() != state.word() {
                tracing::info!(
                    backend = self.base.authority(),
                    state = state.word(),
                    reason = state.reason(),
                    "the model server is {}",
                    state.word(),
                );
            }
            *current = state;
            true
        });
    }

    async fn send(
        &self,
        request: UpstreamRequest,
        limit: Duration,
    ) -> Result<UpstreamReply, UpstreamError> {
        let started = Instant::now();
        let (head, body) = timeout(limit, self.exchange(request))
            .await
            .map_err(|_| UpstreamError::FirstByteTimeout { limit })?
            .map_err(|error| self.no_answer(&error))?
            .into_parts();
        let body = Timed::new(body, self.patience, started);
        Ok(UpstreamReply { status: head.status, headers: head.headers, body: Box::pin(body) })
    }

    /// Sends a request, and sends it once more when the connection turns out to have been closed
    /// while it was idle.
    async fn exchange(&self, request: UpstreamRequest) -> Result<Response<Incoming>, ClientError> {
        let mut first = self.build(request.clone());
        let connection = capture_connection(&mut first);
        let answer = match self.client.request(first).await {
            Err(error) if !error.is_connect() && was_used(&connection) => {
                tracing::debug!(%error, "an idle connection was closed: trying another");
                self.client.request(self.build(request)).await
            }
            other => other,
        }?;
        if let Some(answers) = answer.extensions().get::<Answers>() {
            answers.one_more();
        }
        Ok(answer)
    }

    /// Asks for the list of models with a limit of its own, whatever the state: the probe's call.
    pub async fn models(&self, limit: Duration) -> Result<UpstreamReply, UpstreamError> {
        self.send(UpstreamRequest { route: Route::Models, body: Bytes::new() }, limit).await
    }

    fn build(&self, request: UpstreamRequest) -> Request<Full<Bytes>> {
        let mut out = Request::new(Full::new(request.body));
        *out.method_mut() = match request.route {
            Route::Models => Method::GET,
            Route::ChatCompletions | Route::Completions | Route::Embeddings => Method::POST,
        };
        *out.uri_mut() = self.base.uri(request.route);
        *out.headers_mut() = self.headers.clone();
        out
    }

    fn no_answer(&self, error: &ClientError) -> UpstreamError {
        let detail = with_causes(error);
        if !error.is_connect() {
            return UpstreamError::Truncated { detail };
        }
        if caused_by::<rustls::Error>(error) {
            return UpstreamError::Tls { detail };
        }
        // One lost connection is not a lost server: the probe decides, and at once.
        self.doubted.notify_one();
        if caused_by::<ConnectTimeout>(error) || timed_out(error) {
            return UpstreamError::ConnectTimeout { limit: self.connect_timeout };
        }
        UpstreamError::Connect { detail }
    }
}

/// The headers of every call. The list is closed: nothing of the client's request is added.
fn own_headers(key: Option<&Secret>) -> Result<HeaderMap, InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn caused_by<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| {
        // An I/O error carries its cause beside its source.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause.is::<E>() || inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<E>)
    })
}

fn timed_out(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::TimedOut)
}

#[async_trait]
impl Upstream for Backend {
    async fn call(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError> {
        self.send(request, self.first_byte_timeout).await
    }

    fn state(&self) -> BackendState {
        self.state.borrow().clone()
    }
}
