//! The connections of a fake backend: reading requests, choosing answers.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use bytes::{Buf as _, BytesMut};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::condition;
use super::ledger::Ledger;
use super::play::{Outcome, play};
use super::request::INFERENCE;
use super::settings::Settings;
use super::tokenizer::Tokenizer;
use super::violation::{self, Rules};
use super::{Request, Violation};
use crate::answer::{Answer, errors, model_list, openapi};
use crate::door::{Door, Handle};
use crate::http1::{BodyDecoder, Framing, Head, Progress};
use crate::socket::Socket;
use crate::watched::Watched;

/// What the test's handle and the connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Watched<Settings>,
    pub(super) ledger: Watched<Ledger>,
    /// Cancelled (and replaced) to reset every connection of its time.
    pub(super) life: Watched<CancellationToken>,
    pub(super) door: Handle,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Shared {
    pub(super) fn new(
        settings: Settings,
        door: Handle,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let settings = Watched::new(settings);
        let (ledger, life) = (Watched::default(), Watched::default());
        Self { settings, ledger, life, door, stop, tasks }
    }
}

/// Accepts until it is dropped; its connections are dropped with it.
pub(super) async fn accept(shared: Arc<Shared>, mut door: Door) {
    let stop = CancellationToken::new();
    let _stop_connections = stop.clone().drop_guard();
    loop {
        // A caller that is gone again before it was accepted is no reason to stop.
        let Ok(stream) = door.accept().await else { continue };
        let Ok(socket) = Socket::new(stream) else { continue };
        let connection = Connection::open(Arc::clone(&shared), socket);
        shared.tasks.spawn(stop.clone().run_until_cancelled_owned(connection.run()));
    }
}

struct Connection {
    shared: Arc<Shared>,
    socket: Socket,
    number: usize,
    life: CancellationToken,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.life.is_cancelled() {
            self.socket.reset_on_drop();
        }
        self.shared.ledger.update(|ledger| ledger.open -= 1);
    }
}

/// Keeps the count of answers in progress right, however an answer ends.
struct InFlight<'a> {
    ledger: &'a Watched<Ledger>,
    request: usize,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.ledger.update(|ledger| ledger.leave(self.request));
    }
}

impl Connection {
    fn open(shared: Arc<Shared>, socket: Socket) -> Self {
        let number = shared.ledger.update(Ledger::connected);
        let life = shared.life.read(CancellationToken::clone);
        Self { shared, socket, number, life }
    }

    async fn run(self) {
        let life = self.life.clone();
        // `Box::pin`: the future holds a whole answer and its buffers.
        life.run_until_cancelled(Box::pin(self.exchanges())).await;
    }

    async fn exchanges(&self) {
        let mut buffer = BytesMut::new();
        loop {
            let request = match self.read_request(&mut buffer).await {
                Ok(Some(request)) => request,
                Ok(None) => return,
                Err(error) => {
                    let what = format!("malformed HTTP: {error:#}");
                    self.report(vec![Violation::new(None, what)]);
                    return;
                }
            };
            let request = self.shared.ledger.update(|ledger| ledger.enter(request));
            let _in_flight = InFlight { ledger: &self.shared.ledger, request: request.number };
            // Looked at before the answer: the next request may follow the last byte of it at once.
            if !buffer.is_empty() {
                let what = "bytes after the request, before its answer was complete";
                self.report(vec![Violation::new(Some(request.number), what)]);
            }
            let poison = self.shared.settings.read(|settings| settings.poison.clone());
            if let Some(poison) = poison.filter(|poison| poison.is_in(&request)) {
                match self.shared.die(poison.comeback).await {}
            }
            let answer = self.choose(&request);
            let ledger = &self.shared.ledger;
            match play(&self.socket, &mut buffer, answer, ledger, request.number).await {
                Outcome::Ended => return,
                Outcome::PeerLeft => {
                    ledger.update(|ledger| ledger.peer_left(request.number));
                    return;
                }
                Outcome::Reusable => {}
            }
        }
    }

    /// The next request, or `None` when the peer closed before a complete one.
    async fn read_request(&self, buffer: &mut BytesMut) -> Result<Option<Request>> {
        let (head, length) = loop {
            if let Some(found) = Head::parse(buffer)? {
                break found;
            }
            if !self.more(buffer).await {
                return Ok(None);
            }
        };
        buffer.advance(length);
        let (method, target) = head.request_line()?;
        let framing = Framing::of_request(&head.headers)?;
        ensure!(method != "GET" || framing == Framing::Length(0), "a GET with a body");
        let mut body = BytesMut::new();
        let mut decoder = BodyDecoder::new(framing);
        loop {
            match decoder.advance(buffer)? {
                Progress::Data(bytes) => body.extend_from_slice(&bytes),
                Progress::Done => break,
                Progress::NeedMore if self.more(buffer).await => {}
                Progress::NeedMore => return Ok(None),
            }
        }
        let body = body.freeze();
        let tokenizer = self.shared.settings.read(|settings| settings.tokenizer);
        let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Some(Request {
            number: 0,
            prompt_tokens: tokenizer.count(&parsed),
            connection: self.number,
            reported: self.shared.settings.read(|settings| settings.reported.clone()),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: head.headers,
            body,
            arrived: Instant::now(),
        }))
    }

    async fn more(&self, buffer: &mut BytesMut) -> bool {
        matches!(self.socket.read_some(buffer).await, Ok(read) if read > 0)
    }

    fn report(&self, violations: Vec<Violation>) {
        self.shared.ledger.update(|ledger| ledger.violations.extend(violations));
    }

    fn choose(&self, request: &Request) -> Answer {
        let settings = self.shared.settings.read(Settings::clone);
        let rules = Rules {
            system: settings.system,
            allowed_fields: &settings.allowed_fields,
            hosts: &settings.hosts,
            authorization: settings.key.is_some(),
        };
        let violations = violation::of(request, &rules);
        let first = violations.first().map(|violation| violation.what.clone());
        self.report(violations);
        if let Some(what) = first.filter(|_| !settings.lenient()) {
            return errors::bad_request(&what, None);
        }
        if let Some(script) = settings.routes.get(request.path()) {
            return script.answer(request);
        }
        let guarded = request.path().starts_with("/v1");
        if guarded && !settings.opens(request.headers.get("authorization")) {
            return errors::unauthorized();
        }
        let phase = settings.phase.answer(request);
        phase.unwrap_or_else(|| self.routed(request, &settings))
    }

    fn routed(&self, request: &Request, settings: &Settings) -> Answer {
        let model = request.json()["model"].as_str().unwrap_or_default().to_owned();
        let length = settings.models.length(&model);
        if let Some(answer) = settings.tokenizer.answer(request, length) {
            // llama.cpp does not look at the name.
            let known = settings.tokenizer != Tokenizer::Messages || settings.models.serves(&model);
            let unknown = || errors::model_not_found(&model, &settings.models.ids());
            return if known { answer } else { unknown() };
        }
        match (request.method.as_str(), request.path()) {
            (_, path) if settings.absent.contains(path) => errors::no_route(),
            ("GET", "/openapi.json") => openapi(&settings.absent),
            _ if request.is_inference() => {
                let body = request.json();
                let model = body["model"].as_str().unwrap_or_default();
                if !settings.models.serves(model) {
                    return errors::model_not_found(model, &settings.models.ids());
                }
                if let Some(refusal) = settings.tokenizer.refusal(&body, length) {
                    return refusal;
                }
                let next = |settings: &mut Settings| settings.next_script(request.path());
                self.shared.settings.update(next).answer(request)
            }
            ("GET", "/health") => Answer::empty(200),
            ("GET", "/v1/models") => model_list(&settings.models.listed),
            ("GET", "/version") => condition::version(),
            ("GET", "/metrics") => {
                let first = settings.models.listed.first();
                let model = first.map_or("", |model| model.id.as_str());
                let answering = self.shared.ledger.read(|ledger| ledger.generating.len());
                settings.metrics.answer(model, answering)
            }
            (_, "/health" | "/version" | "/v1/models") => errors::no_method(),
            ("GET", path) if INFERENCE.contains(&path) => errors::no_method(),
            _ => errors::no_route(),
        }
    }
}
