//! The gateway with its models; requests, and what became of them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::backend::BackendId;
use transom_core::clock::{Clock as _, Timestamp};
use transom_core::failure::Failure;
use transom_core::fleet::{Fleet, Routing};
use transom_core::model::{Alias, Model};
use transom_core::port::once::IdempotencyKey;
use transom_core::port::store::TurnRecord;
use transom_core::port::upstream::Upstream;
use transom_core::secret::Secret;
use transom_sealing::keyring::{Key, Keyring};

use super::conversations::NoConversations;
use super::fleet::{routing, settings};
use super::once::Keys;
use super::rest;
use super::server::Server;
use super::sources::{Noon, Spread};
use super::store::{Keeps, Shelf};
use crate::call::{Call, Endpoint, EventBody, Hints, Once, Reply, Transport};
use crate::catalog::Catalog;
use crate::gateway::{Gateway, Parts};
use crate::live::Snapshot;
use crate::metrics::Metrics;
use crate::settings::Settings;

/// The pause after which a silent stream gets a comment.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Most requests at once.
pub(crate) const SLOTS: usize = 1000;

/// A gateway, its servers, and what it has kept.
pub(crate) struct World {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) tracker: TaskTracker,
    pub(crate) cut: CancellationToken,
    pub(crate) metrics: Metrics,
    servers: Mutex<BTreeMap<BackendId, Arc<Server>>>,
    records: Arc<Mutex<Vec<TurnRecord>>>,
    /// What is kept for those who ask again.
    pub(crate) keys: Arc<Keys>,
    clock: Arc<Noon>,
}

/// What is declared.
#[derive(Clone)]
pub(crate) struct Declared {
    fleet: Fleet,
    settings: Settings,
    keeps: Keeps,
}

impl Declared {
    pub(crate) fn routing(mut self, change: impl FnOnce(&mut Routing)) -> Self {
        change(&mut self.fleet.routing);
        self
    }

    pub(crate) fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) fn alias(mut self, name: &str, model: &str) -> Self {
        let (name, model) = (Arc::from(name), Arc::from(model));
        self.fleet.aliases.push(Alias { name, model, hidden: false });
        self
    }

    pub(crate) fn keeps(self, keeps: Keeps) -> Self {
        Self { keeps, ..self }
    }

    pub(crate) fn start(self) -> World {
        let servers = Mutex::default();
        let first = snapshot(&self, &servers, None);
        let records = Arc::new(Mutex::new(Vec::new()));
        let metrics = Metrics::register(&mut Registry::default());
        let (tracker, cut) = (TaskTracker::new(), CancellationToken::new());
        let (keys, clock) = (Arc::<Keys>::default(), Arc::<Noon>::default());
        let parts = Parts {
            store: Arc::new(Shelf { keeps: self.keeps, records: Arc::clone(&records) }),
            conversations: Arc::new(NoConversations),
            jobs: Arc::new(transom_core::port::jobs::NoJobs),
            once: keys.clone(),
            clock: clock.clone(),
            ids: Arc::new(Spread::default()),
            metrics: metrics.clone(),
            tracker: tracker.clone(),
            drain: CancellationToken::new(),
            cut: cut.clone(),
        };
        let gateway = Arc::new(Gateway::new(first, parts));
        World { gateway, tracker, cut, metrics, servers, records, keys, clock }
    }
}

/// One key, the same in every world.
pub(crate) fn keyring() -> Arc<Keyring> {
    let key = Key::of(&Secret::new("the key of every world, 32 letters".to_owned()));
    Arc::new(Keyring::new(vec![key], Vec::new()).unwrap())
}

fn snapshot(
    declared: &Declared,
    servers: &Mutex<BTreeMap<BackendId, Arc<Server>>>,
    before: Option<&Snapshot>,
) -> Snapshot {
    let find = |id: &BackendId| -> Option<Arc<dyn Upstream>> {
        let mut servers = servers.lock().unwrap();
        let found = servers.entry(id.clone()).or_insert_with(|| Arc::new(Server::new()));
        Some(found.clone())
    };
    let before_catalog = before.map(|before| &before.catalog);
    let catalog = Catalog::build(&declared.fleet, &find, before_catalog).unwrap();
    let revision = before.map_or(1, |before| before.revision + 1);
    let (since, settings) = (Timestamp::from_millis(0), declared.settings.clone());
    Snapshot { revision, since, settings, catalog, keyring: keyring() }
}

impl World {
    /// What is declared with these models. Servers are made as deployments name them.
    pub(crate) fn with<const N: usize>(models: [Model; N]) -> Declared {
        let (backends, aliases) = (Vec::new(), Vec::new());
        let fleet = Fleet { backends, models: models.into(), aliases, routing: routing() };
        Declared { fleet, settings: settings(), keeps: Keeps::Turns }
    }

    /// Puts another configuration in the place of the present one.
    pub(crate) fn swap(&self, declared: &Declared) {
        let before = self.gateway.snapshot();
        self.gateway.swap(snapshot(declared, &self.servers, Some(&before)));
    }

    pub(crate) fn server(&self, name: &str) -> Arc<Server> {
        Arc::clone(&self.servers.lock().unwrap()[&BackendId(Arc::from(name))])
    }

    /// How many calls each server got, in the order of their names.
    pub(crate) fn counts(&self) -> Vec<usize> {
        self.servers.lock().unwrap().values().map(|server| server.calls().len()).collect()
    }

    /// Serves one request on a task of its own, as the edge does.
    pub(crate) fn ask_at(
        &self,
        endpoint: Endpoint,
        body: impl Into<String>,
        key: Option<&str>,
    ) -> JoinHandle<Result<Reply, Failure>> {
        self.ask_once(endpoint, body, key, None)
    }

    /// Likewise, with an `Idempotency-Key`. The request's id is the key and what it is asked for.
    pub(crate) fn ask_once(
        &self,
        endpoint: Endpoint,
        body: impl Into<String>,
        key: Option<&str>,
        once: Option<&str>,
    ) -> JoinHandle<Result<Reply, Failure>> {
        let (gateway, body) = (self.gateway.clone(), Bytes::from(body.into()));
        let call = Call {
            endpoint,
            transport: Transport::Request,
            credentials: key.map(|key| Secret::new(key.to_owned())),
            hints: Hints::default(),
            once: once.map(|key| Once {
                key: IdempotencyKey::parse(key).unwrap(),
                request: self.gateway.request_id(),
            }),
            body: Box::pin(async move { Ok(body) }),
        };
        TaskTracker::new().spawn(async move { gateway.serve(call).await })
    }

    /// The time on the wall.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets the clock on the wall go on.
    pub(crate) fn later(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.clock.since.fetch_add(millis, Ordering::Relaxed);
    }

    /// Asks `model` for a whole chat answer.
    pub(crate) fn ask(&self, model: &str) -> JoinHandle<Result<Reply, Failure>> {
        self.ask_at(Endpoint::ChatCompletions, chat(model, "false"), None)
    }

    /// The whole chat answer of `model`.
    pub(crate) async fn chat(&self, model: &str) -> Result<String, Failure> {
        json(self.ask(model).await.unwrap())
    }

    /// The chat stream of `model`, to its end.
    pub(crate) async fn chat_stream(&self, model: &str) -> Result<String, Failure> {
        let asked = self.ask_at(Endpoint::ChatCompletions, chat(model, "true"), None);
        Ok(rest(events(asked.await.unwrap()?)).await)
    }

    /// The stream of a turn of `model`, to its end.
    pub(crate) async fn turn(&self, model: &str) -> Result<String, Failure> {
        let body = format!("{{\"model\":{model:?},\"input\":\"Hi\",\"stream\":true}}");
        let asked = self.ask_at(Endpoint::Responses, body, None);
        Ok(rest(events(asked.await.unwrap()?)).await)
    }

    /// Lets everybody get as far as they can without the time going on.
    pub(crate) async fn idle(&self) {
        // The time stands still until nobody has anything to do.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// How many wait for the model.
    pub(crate) fn waiting(&self, model: &str) -> usize {
        let snapshot = self.gateway.snapshot();
        snapshot.catalog.find(model).unwrap().group.memory.lines.len()
    }

    /// Waits until everything has reached its end; nobody is left anywhere.
    pub(crate) async fn settled(&self) {
        self.tracker.close();
        tokio::time::timeout(Duration::from_mins(1), self.tracker.wait()).await.unwrap();
        self.idle().await;
        assert_eq!(self.gateway.in_flight.load(Ordering::Relaxed), 0, "requests are in flight");
        assert_eq!(self.metrics.streams.get(), 0, "a stream is counted as open");
        for group in &self.gateway.snapshot().catalog.groups {
            assert_eq!(group.memory.lines.len(), 0, "somebody waits for {}", group.model.name);
            for target in &group.targets {
                assert_eq!(target.track.in_flight(), 0, "a place at {}", target.deployment.id);
            }
        }
    }

    /// Every turn that was kept.
    pub(crate) fn records(&self) -> Vec<TurnRecord> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The body of a chat request.
pub(crate) fn chat(model: &str, stream: &str) -> String {
    format!(
        "{{\"model\":{model:?},\"messages\":[{{\"role\":\"user\",\"content\":\"Hi\"}}],\
         \"stream\":{stream}}}"
    )
}

/// A whole answer.
pub(crate) fn json(reply: Result<Reply, Failure>) -> Result<String, Failure> {
    match reply? {
        Reply::Json(body) => Ok(String::from_utf8(body.to_vec()).unwrap()),
        Reply::Shortened(_, reply) => json(Ok(*reply)),
        Reply::Events(_) | Reply::Again(_) => panic!("another kind of answer than was asked for"),
    }
}

/// A stream.
pub(crate) fn events(reply: Reply) -> EventBody {
    match reply {
        Reply::Events(body) => body,
        Reply::Shortened(_, reply) => events(*reply),
        Reply::Json(_) | Reply::Again(_) => panic!("another kind of answer than was asked for"),
    }
}

/// The status, the code and the `Retry-After` in seconds that a client reads.
pub(crate) fn refused<T>(answer: Result<T, Failure>) -> (u16, String, Option<u64>) {
    let Err(failure) = answer else { panic!("it was not refused") };
    let public = failure.public();
    (public.status.as_u16(), public.code, failure.retry_after().map(|wait| wait.as_secs()))
}
