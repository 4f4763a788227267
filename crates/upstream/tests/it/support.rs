//! What the tests share.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::backend::{ApiKind, BackendId, BackendKey, BackendSpec, BackendTls, ProbeStyle};
use transom_core::port::upstream::{Patience, Route, Upstream as _, UpstreamRequest};
use transom_core::secret::Secret;
use transom_core::upstream_error::UpstreamError;
use transom_testkit::PATIENCE;
use transom_upstream::Settings;
use transom_upstream::backend::Backend;
use transom_upstream::registry::Backends;

pub(crate) mod tls_server;

/// A limit that no test is meant to reach.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

pub(crate) const ASK: &str = r#"{"model":"tiny","messages":[{"role":"user","content":"hi"}]}"#;

/// A server at `url`, with `/v1` appended.
pub(crate) fn spec(url: &str) -> BackendSpec {
    BackendSpec {
        id: BackendId(Arc::from("node-1")),
        url: Arc::from(format!("{url}/v1")),
        key: BackendKey::None,
        tls: BackendTls::default(),
        connect_timeout: Duration::from_secs(2),
        probe: ProbeStyle::Active,
        api_kind: ApiKind::ChatCompletions,
    }
}

pub(crate) fn key(text: &str) -> BackendKey {
    BackendKey::Key(Secret::new(text.to_owned()))
}

pub(crate) fn settings() -> Settings {
    settings_with_grace(Duration::from_mins(10))
}

pub(crate) fn settings_with_grace(grace: Duration) -> Settings {
    Settings::new(grace, TaskTracker::new(), CancellationToken::new())
}

/// A server that is not probed.
pub(crate) fn adapter(url: &str) -> Backend {
    Backend::new(&spec(url), &settings(), None).expect("a server")
}

/// A configuration with one server, which is probed.
pub(crate) fn probed(spec: &BackendSpec, settings: &Settings) -> (Backends, Arc<Backend>) {
    let none = Backends::default();
    let backends = Backends::reconcile(&none, std::slice::from_ref(spec), settings);
    let backends = backends.expect("a server");
    let backend = backends.get(&spec.id).expect("the server");
    (backends, backend)
}

/// Waits for a state, and returns its reason.
pub(crate) async fn until(backend: &Backend, word: &str) -> String {
    until_reason(backend, word, "").await
}

/// Waits for a state whose reason has `part` in it.
pub(crate) async fn until_reason(backend: &Backend, word: &str, part: &str) -> String {
    let mut states = backend.watch();
    let waited = timeout(
        PATIENCE,
        states.wait_for(|state| {
            state.word() == word && state.reason().unwrap_or_default().contains(part)
        }),
    );
    match waited.await {
        Ok(Ok(state)) => state.reason().unwrap_or_default().to_owned(),
        _ => panic!("never {word} because of {part:?}, but {:?}", backend.state()),
    }
}

pub(crate) fn request(first_byte: Duration, idle: Duration, total: Duration) -> UpstreamRequest {
    UpstreamRequest {
        route: Route::ChatCompletions,
        body: Bytes::from(ASK),
        patience: Patience { first_byte, idle, total },
    }
}

/// Asks for a chat completion and reads it whole.
pub(crate) async fn ask(backend: &Backend) -> Result<(StatusCode, Bytes), UpstreamError> {
    ask_with(backend, request(LIMIT, LIMIT, LIMIT)).await
}

pub(crate) async fn ask_with(
    backend: &Backend,
    request: UpstreamRequest,
) -> Result<(StatusCode, Bytes), UpstreamError> {
    let reply = backend.call(request).await?;
    Ok((reply.status, reply.body.collect().await?.to_bytes()))
}

pub(crate) async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    let Ok(happened) = timeout(PATIENCE, happening).await else { panic!("{what}: not in time") };
    happened
}
