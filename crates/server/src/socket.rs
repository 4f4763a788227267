//! WebSocket mode of the Responses API, as OpenAI has it and Codex uses it.
//!
//! A client sends `response.create` events, one response at a time; it gets the events of the stream
//! that the same request would get over HTTP, each as one text message. What a connection
//! remembers is in [`Session`](transom_engine::session::Session); a response runs through the same
//! stages as any other.
//!
//! # Layout
//!
//! - this file: the life of a connection.
//! - `handshake`: how it begins.
//! - `running`: the response that runs on it.
//! - `peer`: messages to and from the client.
//! - `end`: why it ends, and what the client is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use transom_core::failure::{Failure, Invalid};
use transom_engine::metrics::Metrics;

mod asker;
mod end;
pub(crate) mod handshake;
mod peer;
mod running;

pub(crate) use asker::Asker;
use end::End;
use peer::{Heard, Peer};
use running::{Running, Step};

/// How WebSockets are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message of a client, in bytes.
    pub message_bytes: usize,
    /// How long nothing may run and nothing may come.
    pub idle: Duration,
    /// How long it may be open.
    pub lifetime: Duration,
    /// How much it remembers.
    pub memory: transom_engine::session::Limits,
}

/// Serves a connection from its upgrade to its end.
pub(crate) async fn serve(upgrade: OnUpgrade, asker: Asker) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "a client left within the handshake of a WebSocket");
            return;
        }
    };
    let _open = Open::count(asker.metrics());
    let (limits, soft) = (asker.limits(), asker.soft());
    let peer = Peer::new(upgraded, limits.message_bytes).await;
    let mut connection = Connection { peer, asker, running: None };
    let end = connection.until_the_end(&limits, &soft).await;
    tracing::debug!(why = end.word(), "a WebSocket ended");
    // What nobody waits for is cancelled at once.
    connection.running = None;
    connection.peer.close(&end).await;
}

/// Counts a connection while it is open.
struct Open(Metrics);

impl Open {
    fn count(metrics: &Metrics) -> Self {
        metrics.sockets.inc();
        Self(metrics.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.sockets.dec();
    }
}

struct Connection {
    peer: Peer,
    asker: Asker,
    running: Option<Running>,
}

/// What wakes a connection.
enum News {
    Heard(Heard),
    Step(Step),
}

impl Connection {
    async fn until_the_end(&mut self, limits: &Limits, soft: &CancellationToken) -> End {
        let opened = Instant::now();
        let mut active = opened;
        loop {
            let resting = self.running.is_none();
            let news = tokio::select! {
                heard = self.peer.hear() => News::Heard(heard),
                step = next(&mut self.running) => News::Step(step),
                () = soft.cancelled(), if resting => return End::GoingAway,
                () = sleep_until(opened + limits.lifetime), if resting => return End::TooOld(limits.lifetime),
                () = sleep_until(active + limits.idle), if resting => return End::Idle,
            };
            active = Instant::now();
            let told = match news {
                News::Heard(Heard::Text(text)) => self.create(text).await,
                News::Heard(Heard::Sign) => Ok(()),
                News::Heard(Heard::End(end)) => Err(end),
                News::Step(step) => self.take(step).await,
            };
            if let Err(end) = told {
                return end;
            }
        }
    }

    /// A client's event: it begins a response, unless one runs.
    async fn create(&mut self, text: Bytes) -> Result<(), End> {
        if self.running.is_some() {
            return self.peer.refuse(&busy()).await;
        }
        self.running = Some(self.asker.ask(text));
        Ok(())
    }

    /// The running response got on.
    async fn take(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Events(events) => self.peer.tell(events).await,
            Step::Last(events) => {
                // The client may answer the last event before the body has ended.
                self.running = None;
                self.peer.tell(events).await
            }
            Step::Refused(failure) => {
                self.running = None;
                self.peer.refuse(&failure).await
            }
            Step::Ended => {
                self.running = None;
                Ok(())
            }
        }
    }
}

/// The next step of the running response; never, where none runs.
async fn next(running: &mut Option<Running>) -> Step {
    match running {
        Some(running) => running.next().await,
        None => std::future::pending().await,
    }
}

fn busy() -> Failure {
    let message =
        "A response is in progress on this connection: wait for its end, or open another.";
    let (param, code) = (None, "response_in_progress");
    Failure::Invalid(Invalid { param, code, message: message.to_owned() })
}

/// What every connection has of the program.
type App = Arc<crate::app::App>;
