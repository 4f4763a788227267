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
use transom_config::value::HostPort;
use transom_config::{Child, GatewayConfig, Metrics as MetricsConfig, Tls};
use transom_core::backend::BackendId;
use transom_core::clock::Clock;
use transom_core::port::models::ModelStore;
use transom_core::port::store::StoreError;
use transom_engine::catalog::MissingBackend;
use transom_engine::gateway::{Gateway, Parts};
use transom_engine::metrics::Metrics;
use transom_server::app::{self, App};
use transom_server::edge::Edge;
use transom_server::listener::Shutdown;
use transom_server::{admin, listener};
use transom_store::sqlite::{OpenError, SqliteStore, StoreConfig};
use transom_upstream::backend::Backend;
use transom_upstream::registry::{Backends, Faulty};

use crate::control::{Controller, First, admin_models};
use crate::recipe::Recipe;
use crate::source::{SystemClock, SystemRandom};
use edge::edge_limits;
use sealing::Locksmith;
use settings::{durability, upstream_settings};

pub(crate) mod edge;
pub(crate) mod sealing;
pub(crate) mod settings;
pub(crate) mod snapshot;

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
    /// The admin API on its own socket.
    pub(crate) admin: Option<(TcpListener, axum::Router)>,
    /// The life of requests.
    pub(crate) gateway: Arc<Gateway>,
    /// Exchanges the configuration.
    pub(crate) controller: Arc<Controller>,
    /// The one model server of a gateway without a list of models.
    pub(crate) sole: Option<Arc<Backend>>,
    /// Ends the probes.
    pub(crate) probes: CancellationToken,
    /// The store, to be closed at the end.
    pub(crate) store: Arc<SqliteStore>,
    /// How connections end. Turns run on its tracker too.
    pub(crate) shutdown: Shutdown,
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
    /// The admin API's address cannot be bound.
    #[error("--admin-listen: {address} cannot be bound: {source} (choose another port)")]
    BindAdmin {
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
    /// A model server that cannot be called as it is declared.
    #[error("{}", list(.0))]
    Backends(Vec<Faulty>),
    /// A deployment without a server.
    #[error(transparent)]
    Models(#[from] MissingBackend),
    /// Models of the admin API or sealing keys that cannot be read.
    #[error("the models and keys in the store cannot be read: {0}")]
    Stored(#[from] StoreError),
    /// Files that changed while the program started.
    #[error("{}", .0.join("; "))]
    Config(Vec<String>),
}

fn list(faults: &[Faulty]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Builds the program. The sockets are bound but nothing is served yet.
pub(crate) async fn build(config: &GatewayConfig, recipe: &Recipe) -> Result<Program, BuildError> {
    let listener = bind(config).await?;
    check_child_port(config.child.as_ref()).await?;
    let connections = connections(config)?;
    let store = StoreConfig {
        durability: durability(config),
        ..StoreConfig::new(config.store.path.clone())
    };
    let store = Arc::new(SqliteStore::open(store).await?);
    // The models of the admin API are in the store: the configuration is read again with them.
    let models = ModelStore::list(&*store).await?;
    let config = match models.rows.as_slice() {
        [] => Box::new(config.clone()),
        rows => recipe
            .read(admin_models(rows))
            .map_err(|refused| BuildError::Config(refused.problems))?,
    };
    let (tracker, cut, probes) =
        (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
    let upstream = upstream_settings(&config, recipe, TaskTracker::new(), probes.clone());
    let backends = Backends::reconcile(&Backends::default(), &config.fleet.backends, &upstream)
        .map_err(BuildError::Backends)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let locksmith =
        Locksmith { store: store.clone(), clock: clock.clone(), ids: Arc::new(SystemRandom) };
    let keys = locksmith.keys(&config.sealing.keys).await?;
    let first = snapshot::of(&config, (&backends, keys.ring), None, 1, clock.now())?;
    let mut registry = Registry::default();
    let shutdown =
        Shutdown { soft: CancellationToken::new(), hard: CancellationToken::new(), tracker };
    let parts = parts(&store, &clock, Metrics::register(&mut registry), (&shutdown, &cut));
    let gateway = Arc::new(Gateway::new(first, parts));
    let sole = sole(&config).and_then(|id| backends.get(id));
    let first = First {
        recipe: recipe.clone(),
        gateway: gateway.clone(),
        store: store.clone(),
        clock,
        ids: Arc::new(SystemRandom),
        upstream,
        edge: connections.edge.clone(),
        backends: Arc::new(backends),
        locksmith,
        keys_revision: keys.revision,
        store_revision: models.revision,
        rows: models.rows,
    };
    let controller = Arc::new(Controller::new(first, &config));
    let app = Arc::new(App {
        gateway: gateway.clone(),
        control: controller.clone(),
        registry,
        edge: connections.edge.clone(),
        cors: origins(&config),
        metrics_path: metrics_path(&config),
        shutdown: shutdown.clone(),
    });
    let admin = match &config.admin.listen {
        None => None,
        Some(address) => Some((bind_admin(address).await?, admin::router(app.clone()))),
    };
    Ok(Program {
        config: *config,
        listener,
        router: app::router(app),
        connections,
        admin,
        gateway,
        controller,
        sole,
        probes,
        store,
        shutdown,
        cut,
    })
}

/// What the engine is made of: the one store behind every storage port, and how it is told to end.
fn parts(
    store: &Arc<SqliteStore>,
    clock: &Arc<dyn Clock>,
    metrics: Metrics,
    (shutdown, cut): (&Shutdown, &CancellationToken),
) -> Parts {
    Parts {
        store: store.clone(),
        conversations: store.clone(),
        jobs: store.clone(),
        once: store.clone(),
        clock: clock.clone(),
        ids: Arc::new(SystemRandom),
        metrics,
        tracker: shutdown.tracker.clone(),
        drain: shutdown.soft.clone(),
        cut: cut.clone(),
    }
}

/// The backend of a gateway that was given one model server and no models.
fn sole(config: &GatewayConfig) -> Option<&BackendId> {
    match (&config.fleet.backends[..], &config.fleet.models[..]) {
        ([backend], [model]) if model.name.as_str() == "*" => Some(&backend.id),
        _ => None,
    }
}

async fn bind_admin(address: &HostPort) -> Result<TcpListener, BuildError> {
    let host = address.host.to_string();
    TcpListener::bind((host.trim_matches(['[', ']']), address.port))
        .await
        .map_err(|source| BuildError::BindAdmin { address: address.to_string(), source })
}

async fn bind(config: &GatewayConfig) -> Result<TcpListener, BuildError> {
    let (host, port) = (config.listen.host.to_string(), config.listen.port);
    TcpListener::bind((host.trim_matches(['[', ']']), port))
        .await
        .map_err(|source| BuildError::Bind { address: format!("{host}:{port}"), source })
}

/// Finds a busy port before a model is loaded for minutes.
async fn check_child_port(child: Option<&Child>) -> Result<(), BuildError> {
    let Some(child) = child else { return Ok(()) };
    let host = child.host.for_url();
    TcpListener::bind((host.trim_matches(['[', ']']), child.port)).await.map(drop).map_err(
        |source| BuildError::ChildPort { address: format!("{host}:{}", child.port), source },
    )
}

fn connections(config: &GatewayConfig) -> Result<listener::Settings, BuildError> {
    let tls = match &config.listen.tls {
        Tls::Off => None,
        Tls::Files { cert, key } => Some(transom_server::tls::acceptor(cert, key)?),
    };
    Ok(listener::Settings { edge: Arc::new(Edge::new(edge_limits(config))), tls })
}

/// Whose pages may call the routes for clients.
fn origins(config: &GatewayConfig) -> Vec<HeaderValue> {
    let origins = config.listen.cors_origins.iter();
    origins.filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok()).collect()
}

fn metrics_path(config: &GatewayConfig) -> Option<String> {
    match &config.metrics {
        MetricsConfig::Off => None,
        MetricsConfig::At(path) => Some(path.as_str().to_owned()),
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
