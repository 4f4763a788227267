//! A gateway over ports that a test holds in its hands.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use prometheus_client::registry::Registry;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::Json;
use transom_core::backend::BackendState;
use transom_core::clock::{Clock, Timestamp};
use transom_core::failure::Failure;
use transom_core::id::{IdSource, ResponseId};
use transom_core::port::store::{
    ItemPage, Lookup, PageLookup, PageQuery, ResponseStore, StoreError, TurnRecord,
};
use transom_core::port::upstream::{Upstream, UpstreamReply, UpstreamRequest};
use transom_core::scope::Scope;
use transom_core::upstream_error::UpstreamError;
use transom_wire::chat::RenderOptions;
use transom_wire::scan;
use transom_wire::shield::Shield;

use crate::call::{Call, Endpoint, EventBody, Reply};
use crate::gateway::{Gateway, Parts};
use crate::metrics::Metrics;
use crate::settings::{Access, Settings, TurnLog};

/// The pause after which a silent stream gets a comment.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The error that makes the adapter panic when its body is read.
const POISON: UpstreamError = UpstreamError::TooLarge { limit: 0 };

type Piece = Result<Frame<Bytes>, UpstreamError>;

/// What the model server does when it is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// It answers with an event stream whose bytes the test sends.
    Answers,
    /// It never answers.
    Hangs,
    /// The adapter panics.
    Panics,
}

/// What the store does with a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// It keeps it.
    Turns,
    /// It is not available.
    Nothing,
    /// The adapter panics.
    Panicking,
}

/// The gateway and both of its ports.
pub(super) struct Bench {
    pub(super) gateway: Arc<Gateway>,
    pub(super) tracker: TaskTracker,
    pub(super) cut: CancellationToken,
    pub(super) metrics: Metrics,
    records: Arc<Mutex<Vec<TurnRecord>>>,
    pieces: Mutex<Option<mpsc::Sender<Piece>>>,
    called: Arc<Notify>,
}

impl Bench {
    pub(super) fn new(server: Server, keeps: Keeps) -> Self {
        let (pieces, received) = mpsc::channel(1);
        let called = Arc::new(Notify::new());
        let upstream = Fake { server, body: Mutex::new(Some(received)), called: called.clone() };
        let records = Arc::new(Mutex::new(Vec::new()));
        let store = Shelf { keeps, records: records.clone() };
        let metrics = Metrics::register(&mut Registry::default());
        let (tracker, cut) = (TaskTracker::new(), CancellationToken::new());
        let parts = Parts {
            upstream: Arc::new(upstream),
            store: Arc::new(store),
            clock: Arc::new(Noon),
            ids: Arc::new(Counter::default()),
            metrics: metrics.clone(),
            tracker: tracker.clone(),
            cut: cut.clone(),
        };
        let gateway = Arc::new(Gateway::new(settings(), parts));
        let pieces = Mutex::new(Some(pieces));
        Self { gateway, tracker, cut, metrics, records, pieces, called }
    }

    /// Serves one request on a task of its own, as the edge does.
    pub(super) fn ask(
        &self,
        body: &'static str,
    ) -> tokio::task::JoinHandle<Result<Reply, Failure>> {
        let gateway = self.gateway.clone();
        let call = Call {
            endpoint: Endpoint::Responses,
            credentials: None,
            body: Box::pin(async move { Ok(Bytes::from_static(body.as_bytes())) }),
        };
        TaskTracker::new().spawn(async move { gateway.serve(call).await })
    }

    /// The stream of a request that asked for one.
    pub(super) async fn stream(&self) -> EventBody {
        match self.ask(STREAM).await.unwrap() {
            Ok(Reply::Events(body)) => body,
            Ok(Reply::Json(_)) => panic!("a whole answer to a stream request"),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Waits until the model server has been called.
    pub(super) async fn called(&self) {
        self.called.notified().await;
    }

    /// Sends bytes of the model server; waits until they are on their way.
    pub(super) async fn say(&self, bytes: impl Into<Bytes>) {
        let sender = self.pieces.lock().unwrap().clone().unwrap();
        drop(sender.send(Ok(Frame::data(bytes.into()))).await);
    }

    /// Breaks the model server's answer off.
    pub(super) async fn fail(&self, error: UpstreamError) {
        let sender = self.pieces.lock().unwrap().clone().unwrap();
        drop(sender.send(Err(error)).await);
    }

    /// Makes the adapter panic in the middle of the answer.
    pub(super) async fn poison(&self) {
        self.fail(POISON).await;
    }

    /// Ends the model server's answer.
    pub(super) fn end(&self) {
        *self.pieces.lock().unwrap() = None;
    }

    /// Waits until every turn has reached its end, and shows the status of each record.
    pub(super) async fn settled(&self) -> Vec<&'static str> {
        self.tracker.close();
        tokio::time::timeout(Duration::from_mins(1), self.tracker.wait()).await.unwrap();
        assert_eq!(
            self.gateway.slots.available_permits(),
            SLOTS,
            "every place has been given back"
        );
        assert_eq!(self.metrics.streams.get(), 0, "no stream is counted as open");
        self.records().iter().map(|record| record.status.word()).collect()
    }

    pub(super) fn records(&self) -> Vec<TurnRecord> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(super) const STREAM: &str = r#"{"model":"m","input":"Hi","stream":true}"#;
pub(super) const WHOLE: &str = r#"{"model":"m","input":"Hi"}"#;

const SLOTS: usize = 4;

fn settings() -> Settings {
    Settings {
        access: Access::Open,
        max_concurrency: SLOTS,
        scan: scan::Limits::default(),
        shield: Shield::default(),
        render: RenderOptions::default(),
        event_bytes: 1 << 20,
        history_depth: 10,
        keep_alive: KEEP_ALIVE,
        turn_log: TurnLog::default(),
    }
}

/// One chunk of a chat stream.
pub(super) fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{delta},\
         \"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// A chunk of text.
pub(super) fn text(text: &str) -> String {
    chunk(&format!("{{\"content\":{text:?}}}"), "null")
}

/// Everything that is left of a stream.
pub(super) async fn rest(mut body: EventBody) -> String {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        all.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    String::from_utf8(all).unwrap()
}

/// The names of events, comments as `:`.
pub(super) fn names(stream: &str) -> Vec<&str> {
    stream
        .split("\n\n")
        .filter(|block| !block.is_empty())
        .map(|block| match block.strip_prefix("event: ") {
            Some(named) => named.split('\n').next().unwrap_or_default(),
            None => block,
        })
        .collect()
}

struct Fake {
    server: Server,
    body: Mutex<Option<mpsc::Receiver<Piece>>>,
    called: Arc<Notify>,
}

#[async_trait]
impl Upstream for Fake {
    async fn call(&self, _request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError> {
        self.called.notify_one();
        assert!(self.server != Server::Panics, "an adapter with a defect");
        if self.server == Server::Hangs {
            std::future::pending::<()>().await;
        }
        let received = self.body.lock().unwrap().take().unwrap();
        let pieces = futures_util::stream::unfold(received, |mut received| async {
            let piece = received.recv().await?;
            assert!(!matches!(&piece, Err(POISON)), "a body with a defect");
            Some((piece, received))
        });
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
        let body = Box::pin(StreamBody::new(pieces));
        Ok(UpstreamReply { status: StatusCode::OK, headers, body })
    }

    fn state(&self) -> BackendState {
        BackendState::Ready
    }
}

struct Shelf {
    keeps: Keeps,
    records: Arc<Mutex<Vec<TurnRecord>>>,
}

#[async_trait]
impl ResponseStore for Shelf {
    async fn commit_turn(&self, _scope: &Scope, turn: TurnRecord) -> Result<(), StoreError> {
        match self.keeps {
            Keeps::Turns => {
                self.records.lock().unwrap().push(turn);
                Ok(())
            }
            Keeps::Nothing => Err(StoreError::Unavailable("the disk is full".into())),
            Keeps::Panicking => panic!("a store with a defect"),
        }
    }

    async fn response(&self, _: &Scope, _: &ResponseId) -> Result<Option<Json>, StoreError> {
        Ok(None)
    }

    async fn history(&self, _: &Scope, _: &ResponseId, _: u32) -> Result<Lookup, StoreError> {
        Ok(Lookup::Missing)
    }

    async fn input_items(
        &self,
        _: &Scope,
        _: &ResponseId,
        _: &PageQuery,
    ) -> Result<PageLookup, StoreError> {
        Ok(PageLookup::Found(ItemPage { items: Vec::new(), has_more: false }))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, _: &Scope, _: &ResponseId) -> Result<bool, StoreError> {
        Ok(false)
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000)
    }
}

#[derive(Default)]
struct Counter(AtomicU64);

impl IdSource for Counter {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
