//! A turn whose model server and store the test holds in its hands.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use transom_core::failure::Failure;
use transom_core::upstream_error::UpstreamError;

use crate::call::{Endpoint, EventBody, Reply};
use crate::fakes::{Keeps, Play, Said, World, deployment, events, model};

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

/// The gateway and both of its ports.
pub(super) struct Bench {
    pub(super) world: World,
    pieces: Mutex<Option<mpsc::Sender<Said>>>,
}

impl Bench {
    pub(super) fn new(server: Server, keeps: Keeps) -> Self {
        let (pieces, received) = mpsc::channel(1);
        // One turn is one call: a bench has one answer.
        let world = World::with([model("m", [deployment("server")])]).keeps(keeps);
        let world = world.routing(|routing| routing.retries = 0).start();
        world.server("server").always(match server {
            Server::Answers => Play::Live(Arc::new(Mutex::new(Some(received)))),
            Server::Hangs => Play::Hangs,
            Server::Panics => Play::Panics,
        });
        Self { world, pieces: Mutex::new(Some(pieces)) }
    }

    /// Serves one request on a task of its own, as the edge does.
    pub(super) fn ask(&self, body: &str) -> JoinHandle<Result<Reply, Failure>> {
        self.world.ask_at(Endpoint::Responses, body, None)
    }

    /// The stream of a request that asked for one, which begins with this text.
    pub(super) async fn stream(&self, first: &str) -> EventBody {
        let asked = self.ask(STREAM);
        self.say(crate::fakes::text(first)).await;
        asked.await.unwrap().map(events).unwrap()
    }

    /// The stream of a request whose model server is silent.
    pub(super) async fn silent_stream(&self) -> EventBody {
        self.ask(STREAM).await.unwrap().map(events).unwrap()
    }

    /// Waits until the model server has been called.
    pub(super) async fn called(&self) {
        self.world.server("server").called(1).await;
    }

    /// Sends bytes of the model server; waits until they are on their way.
    pub(super) async fn say(&self, bytes: impl Into<String>) {
        self.send(Said::Bytes(bytes.into())).await;
    }

    /// Breaks the model server's answer off.
    pub(super) async fn fail(&self, error: UpstreamError) {
        self.send(Said::Breaks(error)).await;
    }

    /// Makes the adapter panic in the middle of the answer.
    pub(super) async fn poison(&self) {
        self.send(Said::Panic).await;
    }

    async fn send(&self, said: Said) {
        let sender = self.pieces.lock().unwrap().clone().unwrap();
        drop(sender.send(said).await);
    }

    /// Ends the model server's answer.
    pub(super) fn end(&self) {
        *self.pieces.lock().unwrap() = None;
    }

    /// Waits until every turn has reached its end, and shows the status of each record.
    pub(super) async fn settled(&self) -> Vec<&'static str> {
        self.world.settled().await;
        self.world.records().iter().map(|record| record.status.word()).collect()
    }
}

pub(super) const STREAM: &str = r#"{"model":"m","input":"Hi","stream":true}"#;
pub(super) const WHOLE: &str = r#"{"model":"m","input":"Hi"}"#;
