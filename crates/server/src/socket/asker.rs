//! Who has opened a connection, and asks.

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use transom_core::id::RequestId;
use transom_core::secret::Secret;
use transom_engine::call::{Call, Endpoint, Hints, Transport};
use transom_engine::metrics::Metrics;
use transom_engine::session::Session;

use super::running::{Running, begun};
use super::{App, Limits};
use crate::layers::{Line, Watch};

/// The route's name in metrics and logs.
const ROUTE: &str = "/v1/responses";

/// The method's name there: an event is no HTTP request.
const METHOD: &str = "WEBSOCKET";

/// Who has opened a connection.
pub(crate) struct Asker {
    app: App,
    /// Those of the moment when it was opened.
    limits: Limits,
    /// Checked anew for each response: a key may be changed meanwhile.
    credentials: Option<Secret>,
    hints: Hints,
    /// The id of the handshake.
    id: RequestId,
    /// Events so far.
    events: u64,
    session: Arc<Session>,
}

impl Asker {
    /// Who sent a handshake with these headers.
    pub(crate) fn new(app: App, credentials: Option<Secret>, hints: Hints, id: RequestId) -> Self {
        let limits = app.edge.limits().socket;
        let session = Arc::new(Session::new(limits.memory));
        Self { app, limits, credentials, hints, id, events: 0, session }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn metrics(&self) -> &Metrics {
        self.app.gateway.metrics()
    }

    /// Tells that the program is to stop.
    pub(super) fn soft(&self) -> CancellationToken {
        self.app.shutdown.soft.clone()
    }

    /// Asks for a response. Each is counted and logged once, like a request; its id is that of the
    /// handshake and a number.
    pub(super) fn ask(&mut self, event: Bytes) -> Running {
        self.events += 1;
        let gateway = Arc::clone(&self.app.gateway);
        let id = RequestId::from_client(&format!("{}-{}", self.id, self.events));
        let id = id.unwrap_or_else(|| gateway.request_id());
        let span = tracing::info_span!("request", id = %id);
        let snapshot = gateway.snapshot();
        let (method, revision) = (METHOD, snapshot.revision);
        let line = Line { id, method, route: Arc::from(ROUTE), revision };
        let watch = Watch::begin(gateway.metrics(), line);
        let call = Call {
            endpoint: Endpoint::Responses,
            transport: Transport::Socket(Arc::clone(&self.session)),
            credentials: self.credentials.clone(),
            hints: self.hints.clone(),
            once: None,
            body: Box::pin(async move { Ok(event) }),
        };
        let asking = async move { begun(gateway.serve_in(snapshot, call).await, watch) };
        Running::new(Box::pin(asking.instrument(span)))
    }
}
