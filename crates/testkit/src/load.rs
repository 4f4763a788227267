//! Many clients at once, each on a connection that it keeps, and how each of their requests ended.
//!
//! Unlike [`Client`] they never repeat a request: one that failed counts as failed. Every request
//! carries a mark (see [`crate::answer::canary`]), and marks of others in its answer are noted.
//!
//! # Layout
//!
//! - this file: [`Load`], what is asked and how often; [`Running`], while it is asked.
//! - `worker`: one client. `judge`: what its answer was.
//! - [`Outcome`], [`Report`]: how requests ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::PATIENCE;
use crate::answer::canary;
use crate::client::Client;
use crate::watched::Watched;

mod judge;
mod outcome;
mod report;
mod worker;

pub use outcome::{End, Form, Outcome};
pub use report::Report;

/// Most requests of one load.
const MAX_REQUESTS: usize = 1_000_000;

/// Which of the requests ask for a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// None.
    Plain,
    /// All.
    Streams,
    /// Every second one.
    #[default]
    Both,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    Chat,
    Responses,
}

impl Road {
    fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
        }
    }

    fn body(self, model: &str, form: Form, number: usize) -> String {
        let (stream, mark) = (form == Form::Stream, canary::mark(number));
        match self {
            Self::Chat => format!(
                r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"{mark}"}}]}}"#
            ),
            Self::Responses => {
                format!(r#"{{"model":"{model}","stream":{stream},"input":"{mark}"}}"#)
            }
        }
    }
}

/// A load that has not started: by default 8 clients, 100 requests, both forms.
#[derive(Debug)]
pub struct Load {
    client: Client,
    road: Road,
    model: String,
    mix: Mix,
    clients: usize,
    requests: usize,
    at_most: Duration,
    pause: Duration,
}

impl Load {
    /// Chat completions of this model. The client says where to, and with which headers.
    pub fn chat(client: Client, model: &str) -> Self {
        Self::on(Road::Chat, client, model)
    }

    /// Responses of this model.
    pub fn responses(client: Client, model: &str) -> Self {
        Self::on(Road::Responses, client, model)
    }

    fn on(road: Road, client: Client, model: &str) -> Self {
        let (model, pause) = (model.to_owned(), Duration::ZERO);
        let (mix, clients, requests, at_most) = (Mix::Both, 8, 100, PATIENCE);
        Self { client, road, model, mix, clients, requests, at_most, pause }
    }

    /// So many clients at once.
    #[must_use]
    pub fn clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }

    /// So many requests in all.
    #[must_use]
    pub fn requests(mut self, requests: usize) -> Self {
        self.requests = requests.min(MAX_REQUESTS);
        self
    }

    /// As many as there is time for: until [`Running::finish`], or this time from the start.
    #[must_use]
    pub fn for_at_most(mut self, time: Duration) -> Self {
        (self.at_most, self.requests) = (time, MAX_REQUESTS);
        self
    }

    /// Streams or not.
    #[must_use]
    pub fn mix(mut self, mix: Mix) -> Self {
        self.mix = mix;
        self
    }

    /// Each client waits this long between two requests.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Starts the clients.
    pub fn start(self) -> Running {
        let (tasks, abort, stop) =
            (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let shared = Arc::new(Shared {
            until: Instant::now() + self.at_most,
            stop,
            next: AtomicUsize::new(0),
            outcomes: Watched::default(),
            load: self,
        });
        for _ in 0..shared.load.clients {
            let working = worker::work(Arc::clone(&shared));
            tasks.spawn(abort.clone().run_until_cancelled_owned(working));
        }
        tasks.close();
        Running { shared, tasks, _abort: abort.drop_guard() }
    }

    /// Starts the clients and waits for the last answer.
    pub async fn run(self) -> Report {
        let running = self.start();
        running.tasks.wait().await;
        running.finish().await
    }
}

/// What the clients of a load share.
#[derive(Debug)]
struct Shared {
    load: Load,
    until: Instant,
    stop: CancellationToken,
    next: AtomicUsize,
    outcomes: Watched<Vec<Outcome>>,
}

impl Shared {
    /// The number of the next request, while there is one.
    fn next(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let goes_on = !self.stop.is_cancelled() && Instant::now() < self.until;
        (goes_on && number < self.load.requests).then_some(number)
    }

    fn form(&self, number: usize) -> Form {
        match self.load.mix {
            Mix::Streams => Form::Stream,
            Mix::Both if number.is_multiple_of(2) => Form::Stream,
            Mix::Plain | Mix::Both => Form::Plain,
        }
    }
}

/// A load that runs; dropping it breaks off what is in progress.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    _abort: DropGuard,
}

impl Running {
    /// Requests that have ended so far.
    pub fn ended(&self) -> usize {
        self.shared.outcomes.read(Vec::len)
    }

    /// Waits until so many requests have ended.
    pub async fn await_ended(&self, count: usize) {
        let enough = |all: &mut Vec<Outcome>| (all.len() >= count).then_some(());
        self.shared.outcomes.wait_for(&format!("{count} requests to end"), enough).await;
    }

    /// Waits until `count` more requests have ended than have by now.
    pub async fn await_more(&self, count: usize) {
        self.await_ended(self.ended() + count).await;
    }

    /// Begins no request any more, waits for those in progress, and reports.
    pub async fn finish(self) -> Report {
        self.shared.stop.cancel();
        self.tasks.wait().await;
        Report::new(self.shared.outcomes.update(std::mem::take))
    }
}
