//! Builds the object graph by hand, from the leaves to the listener.
//!
//! This is the first of the four files that show the life of a request: here, then
//! `server/src/app.rs` (routes), `server/src/api/generate.rs` (a handler), and
//! `engine/src/pipeline.rs` (the stages).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderValue;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_config::{GatewayConfig, Metrics as MetricsConfig, Tls, UpstreamConfig};
use transom_engine::gateway::{Gateway, Parts};
use transom_engine::metrics::Metrics;
use transom_server::app::{self, App};
use transom_server::listener;
use transom_store::sqlite::{OpenError, SqliteStore, StoreConfig};
use transom_upstream::backend::Backend;

use crate::source::{SystemClock, SystemRandom};
use settings::{durability, engine_settings, upstream_settings};

mod settings;

/// Everything the program is made of, ready to run.
pub(crate) struct Program {
    /// What the operator decided.
    pub(crate) config: GatewayConfig,
    /// The bound socket.
    pub(crate) listener: TcpListener,
    /// What it serves.
    pub(crate) router: axum::Router,
    /// How it treats connections.
    pub(crate) connections: listener::Settings,
    /// The model server.
    pub(crate) backend: Arc<Backend>,
    /// The store, to be closed at the end.
    pub(crate) store: Arc<SqliteStore>,
    /// Turns and connections run on it.
    pub(crate) tracker: TaskTracker,
    /// Cuts requests at the end of a drain.
    pub(crate) cut: CancellationToken,
}

/// Why the program cannot start. All of them are exit code 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// The store does not open.
    #[error("VR_DB_PATH: {0} ({hint})", hint = .0.hint())]
    Store(#[from] OpenError),
    /// The gateway's address cannot be bound.
    #[error(
        "--gateway-port: {address} cannot be bound: {source} (choose another port, or end the program that uses it)"
    )]
    Bind {
        /// The address.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The port that vLLM is to use is taken.
    #[error(
        "the port of the vLLM to be started is busy: {address}: {source} (give `--port` after `--`)"
    )]
    ChildPort {
        /// The address.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate or its key.
    #[error("--tls-cert, --tls-key: {0}")]
    Tls(#[from] transom_server::tls::Error),
    /// The upstream's certificate authority.
    #[error("--upstream-ca: {0}")]
    Ca(#[from] transom_upstream::connector::CaError),
    /// The upstream's address.
    #[error("--upstream: {0}")]
    Base(#[from] transom_upstream::base::BaseError),
    /// The upstream's key.
    #[error("VR_OPENAI_API_KEY: the key cannot be sent in a header")]
    Key(#[from] http::header::InvalidHeaderValue),
}

/// Builds the program. The socket is bound but nothing is served yet.
pub(crate) async fn build(config: &GatewayConfig) -> Result<Program, BuildError> {
    let listener = bind(config).await?;
    check_child_port(&config.upstream).await?;
    let connections = connections(config)?;
    let backend = Arc::new(Backend::new(upstream_settings(config)?)?);
    let store = StoreConfig {
        durability: durability(config),
        ..StoreConfig::new(config.store.path.clone())
    };
    let store = Arc::new(SqliteStore::open(store).await?);
    let (tracker, cut) = (TaskTracker::new(), CancellationToken::new());
    let mut registry = Registry::default();
    let parts = Parts {
        upstream: backend.clone(),
        store: store.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        metrics: Metrics::register(&mut registry),
        tracker: tracker.clone(),
        cut: cut.clone(),
    };
    let gateway = Arc::new(Gateway::new(engine_settings(config), parts));
    let router = app::router(Arc::new(App { gateway, registry, limits: edge_limits(config) }));
    Ok(Program {
        config: config.clone(),
        listener,
        router,
        connections,
        backend,
        store,
        tracker,
        cut,
    })
}

async fn bind(config: &GatewayConfig) -> Result<TcpListener, BuildError> {
    let (host, port) = (config.listen.host.to_string(), config.listen.port);
    TcpListener::bind((host.trim_matches(['[', ']']), port))
        .await
        .map_err(|source| BuildError::Bind { address: format!("{host}:{port}"), source })
}

/// Finds a busy port before a model is loaded for minutes.
async fn check_child_port(upstream: &UpstreamConfig) -> Result<(), BuildError> {
    let UpstreamConfig::Spawn(child) = upstream else { return Ok(()) };
    let host = child.host.for_url();
    TcpListener::bind((host.trim_matches(['[', ']']), child.port)).await.map(drop).map_err(
        |source| BuildError::ChildPort { address: format!("{host}:{}", child.port), source },
    )
}

fn connections(config: &GatewayConfig) -> Result<listener::Settings, BuildError> {
    let limits = &config.limits;
    let tls = match &config.listen.tls {
        Tls::Off => None,
        Tls::Files { cert, key } => Some(transom_server::tls::acceptor(cert, key)?),
    };
    let patience = transom_server::guarded::Patience {
        head: limits.header_timeout.get(),
        idle: limits.keep_alive.get(),
        write: limits.client_stall.get(),
    };
    Ok(listener::Settings { patience, parsed_headers: limits.header_count.count() * 2, tls })
}

fn edge_limits(config: &GatewayConfig) -> app::Limits {
    let origins = config.listen.cors_origins.iter();
    app::Limits {
        header_bytes: config.limits.header_bytes.get(),
        header_count: config.limits.header_count.count(),
        body: transom_server::body::Limits {
            bytes: config.limits.body_bytes.get(),
            idle: config.limits.body_idle.get(),
        },
        cors: origins.filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok()).collect(),
        metrics_path: match &config.metrics {
            MetricsConfig::Off => None,
            MetricsConfig::At(path) => Some(path.as_str().to_owned()),
        },
    }
}

/// The gateway's own address as a person would type it: a wildcard is shown as loopback.
pub(crate) fn shown_address(bound: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip.to_string(),
        _ => "127.0.0.1".to_owned(),
    };
    let host = if ip.contains(':') { format!("[{ip}]") } else { ip };
    format!("{scheme}://{host}:{}", bound.port())
}
