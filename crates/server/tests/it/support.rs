//! A gateway, and the routes of both listeners.
//!
//! - this file: asking and answers. Every answer of the admin API is held against its description.
//! - `fleet`: what is served. `ports`: the ports of the engine. `control`: a control that notes
//!   what it is told. `schema`: whether JSON is as a schema says.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use prometheus_client::registry::Registry;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use transom_core::clock::Timestamp;
use transom_core::secret::Secret;
use transom_engine::background;
use transom_engine::catalog::Catalog;
use transom_engine::gateway::{Gateway, Parts};
use transom_engine::live::Snapshot;
use transom_engine::metrics::Metrics;
use transom_engine::session;
use transom_engine::settings::{Access, Settings, TurnLog};
use transom_sealing::keyring::{Key, Keyring};
use transom_server::app::App;
use transom_server::edge::{Edge, Limits};
use transom_server::guarded::Patience;
use transom_server::listener::Shutdown;
use transom_server::{admin, app, body, socket};
use transom_testkit::exchanges::{self, Form};
use transom_wire::chat::RenderOptions;
use transom_wire::{scan, shield::Shield};

pub(crate) use control::Fake;
pub(crate) use ports::Shelf;

pub(crate) mod control;
mod conversations;
pub(crate) mod fleet;
mod ports;
mod schema;

pub(crate) const KEY: &str = "sk-master-0123456789";

/// The number of the configuration in effect.
pub(crate) const REVISION: u64 = 7;

/// Noon of some day.
pub(crate) const NOON: i64 = 1_767_225_600;

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) control: Arc<Fake>,
    pub(crate) store: Arc<Shelf>,
    key: Option<&'static str>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status, code and field of an error.
    pub(crate) fn error(&self) -> (u16, String, Option<String>) {
        let error = &self.json()["error"];
        let text = |field: &str| error[field].as_str().map(str::to_owned);
        (self.status.as_u16(), text("code").unwrap_or_default(), text("param"))
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl World {
    /// No key is configured.
    pub(crate) fn open() -> Self {
        Self::new(Access::Local, None)
    }

    /// A key is configured, and shown with every request.
    pub(crate) fn keyed() -> Self {
        Self::new(Access::Key(Secret::new(KEY.to_owned())), Some(KEY))
    }

    /// Nobody shows a key any more.
    pub(crate) fn without_key(self) -> Self {
        Self { key: None, ..self }
    }

    fn new(access: Access, key: Option<&'static str>) -> Self {
        let catalog = Catalog::build(&fleet::fleet(), &|id| Some(ports::server(id)), None).unwrap();
        let since = Timestamp::from_millis(NOON * 1000);
        let settings = settings(access);
        let sealing = Key::of(&Secret::new("the key of every world".to_owned()));
        let keyring = Arc::new(Keyring::new(vec![sealing], Vec::new()).unwrap());
        let snapshot = Snapshot { revision: REVISION, since, settings, catalog, keyring };
        let store = Arc::new(Shelf::default());
        let mut registry = Registry::default();
        let parts = Parts {
            store: store.clone(),
            conversations: Arc::new(conversations::NoConversations),
            jobs: Arc::new(transom_core::port::jobs::NoJobs),
            once: store.clone(),
            clock: Arc::new(ports::Noon),
            ids: Arc::new(ports::Counter::default()),
            metrics: Metrics::register(&mut registry),
            tracker: TaskTracker::new(),
            drain: CancellationToken::new(),
            cut: CancellationToken::new(),
        };
        let gateway = Arc::new(Gateway::new(snapshot, parts));
        let control = Arc::new(Fake::new(&gateway));
        let app = App {
            gateway,
            control: control.clone(),
            registry,
            edge: Arc::new(Edge::new(limits())),
            cors: vec!["*".parse().unwrap()],
            metrics_path: Some("/metrics".to_owned()),
            shutdown: shutdown(),
        };
        Self { app: Arc::new(app), control, store, key }
    }

    /// Asks the routes for clients.
    pub(crate) async fn client(&self, request: &str, body: &str) -> Answer {
        self.send(app::router(self.app.clone()), self.request(request, body)).await
    }

    /// Asks the routes for clients with one more header.
    pub(crate) async fn client_with(&self, request: &str, header: (&str, &str)) -> Answer {
        let mut request = self.request(request, "{}");
        request.headers_mut().append(name(header.0), header.1.parse().unwrap());
        self.send(app::router(self.app.clone()), request).await
    }

    /// Asks the admin API: `GET /path`.
    pub(crate) async fn admin(&self, request: &str, body: &str) -> Answer {
        self.admin_raw(self.request(request, body)).await
    }

    /// Asks the admin API with a request of the test's own.
    pub(crate) async fn admin_raw(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.send(admin::router(self.app.clone()), request).await;
        for secret in [KEY, fleet::SECRET] {
            assert!(!answer.text.contains(secret), "a secret in the answer: {}", answer.text);
        }
        let document = self.document().await;
        schema::check_answer(&document, method.as_str(), &path, &answer);
        answer
    }

    /// The description of the admin API.
    pub(crate) async fn document(&self) -> Value {
        let request = self.request("GET /admin/v1/openapi.json", "");
        let mut request = request;
        request.headers_mut().insert("authorization", format!("Bearer {KEY}").parse().unwrap());
        self.send(admin::router(self.app.clone()), request).await.json()
    }

    /// A request as the tools of an operator send it.
    pub(crate) fn request(&self, request: &str, body: &str) -> Request<Body> {
        let (method, target) = request.split_once(' ').unwrap();
        let mut builder = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost:5970")
            .header("content-type", "application/json");
        if let Some(key) = self.key {
            builder = builder.header("authorization", format!("Bearer {key}"));
        }
        builder.body(Body::from(body.to_owned())).unwrap()
    }

    async fn send(&self, router: axum::Router, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let (head, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        exchanges::note(&method, &path, head.status.as_u16(), Form::Body, &text);
        Answer { status: head.status, headers: head.headers, text }
    }
}

fn name(text: &str) -> axum::http::HeaderName {
    text.parse().unwrap()
}

fn limits() -> Limits {
    Limits {
        header_bytes: 16 << 10,
        header_count: 64,
        body: body::Limits { bytes: 1 << 20, idle: Duration::from_secs(15) },
        socket: socket::Limits {
            message_bytes: 1 << 20,
            idle: Duration::from_secs(15),
            lifetime: Duration::from_mins(1),
            memory: session::Limits { turns: 10, bytes: 1 << 20 },
        },
        patience: Patience {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
        },
    }
}

fn shutdown() -> Shutdown {
    let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
    Shutdown { soft, hard, tracker: TaskTracker::new() }
}

fn settings(access: Access) -> Settings {
    Settings {
        access,
        max_concurrency: 4,
        scan: scan::Limits::default(),
        shield: Shield::default(),
        render: RenderOptions::default(),
        event_bytes: 1 << 20,
        history_depth: 10,
        keep_alive: Duration::from_secs(15),
        background: background::Limits {
            jobs: 4,
            wait: Duration::from_mins(1),
            events: Duration::from_mins(1),
        },
        turn_log: TurnLog::default(),
    }
}
