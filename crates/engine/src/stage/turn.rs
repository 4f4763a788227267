//! Runs one turn of the Responses API: model call, events, commit, terminal event.
//!
//! A turn runs on a task of its own, because it has to reach its end (a stored record, a settled
//! account) whatever becomes of the request that began it. The task and the client's side are
//! joined by [`sink::Sink`]; when the client's side is gone, the turn is cancelled. A turn in the
//! background has no client, and a [`Job`] instead.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use tracing::Instrument as _;
use transom_core::backend::ApiKind;
use transom_core::caller::Principal;
use transom_core::event::{Event, Finish};
use transom_core::failure::Failure;
use transom_core::scope::Scope;
use transom_core::transcript::Violation;
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;
use transom_sealing::keyring::{Owner, Purpose};
use transom_wire::chat::Dropped;
use transom_wire::responses::encode::{Encoder, Finished, Seal};
use transom_wire::responses::object::Head;
use transom_wire::responses::request::{Delivery, Truncation, Turn, Work};
use transom_wire::sse::Splitter;
use transom_wire::upstream::{Decoder, Expectation};

use crate::background::Job as Background;
use crate::call::Reply;
use crate::catalog::Flight;
use crate::dispatch::Job;
use crate::gateway::Gateway;
use crate::held::Held;
use crate::in_progress::Entered;
use crate::live::Snapshot;
use crate::session::Session;
use crate::stage::admit::Ticket;
use crate::stage::once::Promise;
use crate::stage::plan::TurnPlan;
use crate::stage::settle::Settlement;

mod close;
mod job;
mod journal;
mod room;
mod sink;
mod source;

use close::Ledger;
use journal::Journal;
pub(crate) use journal::Stopwatch;
use room::Room;
pub(crate) use sink::{Pieces, Sink};

/// The route's name in metrics.
const LABEL: &str = "/v1/responses";

/// A turn that is ready to run.
pub(crate) struct Prepared {
    /// Whose it is.
    pub(crate) caller: Principal,
    /// What is asked.
    pub(crate) turn: Turn,
    /// The conversation that it works on.
    pub(crate) held: Option<Held>,
    /// How calls of the model are made, and the first of them.
    pub(crate) plan: TurnPlan,
    pub(crate) job: Job,
    /// How the client gets its answer.
    pub(crate) delivery: Delivery,
    /// Whether the model is called.
    pub(crate) work: Work,
    /// What remembers the turn beside the store.
    pub(crate) session: Option<Arc<Session>>,
    /// The key under which the answer is kept.
    pub(crate) promise: Option<Promise>,
    /// Runs since the turn began.
    pub(crate) stopwatch: Stopwatch,
}

impl Gateway {
    /// Starts the turn and waits for what its client is to get: a whole answer, or the beginning
    /// of a stream.
    pub(crate) async fn run(
        self: &Arc<Self>,
        live: &Snapshot,
        prepared: Prepared,
        ticket: Ticket,
    ) -> Result<Reply, Failure> {
        let (sink, reply) = sink::join(prepared.delivery);
        let encoder = self.encoder(live, &prepared, prepared.delivery);
        let entered = self.in_progress.enter(&prepared.caller.scope, &prepared.turn.head.id);
        let running = self.running(live, prepared, encoder, sink).with_place(entered, ticket);
        // The span names the request in what the task logs.
        self.tracker.spawn(running.until_the_end().in_current_span());
        reply.begun().await
    }

    /// Writes the answer.
    pub(crate) fn encoder(
        self: &Arc<Self>,
        live: &Snapshot,
        prepared: &Prepared,
        delivery: Delivery,
    ) -> Encoder {
        let head = &prepared.turn.head;
        Encoder::new(head.clone(), self.ids.clone(), delivery).with_seal(self.seal(
            live,
            &prepared.caller.scope,
            head,
        ))
    }

    /// A turn that is ready to be put on its task.
    pub(crate) fn running(
        self: &Arc<Self>,
        live: &Snapshot,
        prepared: Prepared,
        encoder: Encoder,
        sink: Sink,
    ) -> Running {
        let Prepared { caller, turn, held, plan, job, work, session, promise, stopwatch, .. } =
            prepared;
        let expectation = Expectation::of(&turn.generation, self.ids.clone());
        let encoder = encoder.with_tools(&turn.generation.tools);
        let room = match turn.head.settings.truncation {
            Truncation::Auto => Room::of(plan, turn.generation.clone()),
            Truncation::Disabled => None,
        };
        Running {
            room,
            dropped: Dropped::default(),
            decoder: expectation.decoder(ApiKind::default()),
            expectation,
            _in_progress: None,
            encoder,
            ledger: Ledger::new(self, caller.scope, turn, held, session),
            settlement: Settlement::open(&self.metrics, LABEL),
            journal: Journal::open(live.settings.turn_log, stopwatch, &job.original),
            gateway: Arc::clone(self),
            job: Arc::new(job),
            flight: None,
            work,
            promise,
            upstream_name: None,
            splitter: Splitter::new(live.settings.event_bytes),
            keep_alive: live.settings.keep_alive,
            last_sent: tokio::time::Instant::now(),
            cut: self.cut.clone(),
            sink,
            events: Vec::new(),
            out: BytesMut::new(),
            background: None,
            _ticket: None,
        }
    }
}

impl Gateway {
    /// Seals the thoughts of a turn.
    fn seal(self: &Arc<Self>, live: &Snapshot, scope: &Scope, head: &Head) -> Seal {
        let (gateway, keyring) = (Arc::clone(self), Arc::clone(&live.keyring));
        let (scope, model) = (scope.clone(), head.model.clone());
        Box::new(move |thoughts| {
            let owner = Owner { scope: &scope, model: &model };
            let fresh = (gateway.ids.random(), gateway.clock.now());
            keyring.seal(Purpose::Thoughts, owner, thoughts, fresh)
        })
    }
}

/// Bytes for the client that are sent together at most, but for one event.
pub(crate) const PIECE: usize = 16 * 1024;

/// How far decoding got.
enum Step {
    /// There is a piece to send, and more behind it.
    More,
    /// Everything that has arrived is decoded.
    Drained,
    /// The model has stopped.
    Finished(Finish),
}

/// A turn on its task.
pub(crate) struct Running {
    encoder: Encoder,
    ledger: Ledger,
    settlement: Settlement,
    journal: Journal,
    gateway: Arc<Gateway>,
    job: Arc<Job>,
    work: Work,
    promise: Option<Promise>,
    /// What can be left out of the conversation; `None`: nothing.
    room: Option<Room>,
    /// What is left out.
    dropped: Dropped,
    /// Its place at a deployment, once there is one.
    flight: Option<Flight>,
    /// The name that the model has there, where clients must not read it.
    upstream_name: Option<Arc<str>>,
    splitter: Splitter,
    expectation: Expectation,
    /// For the protocol of the server that answers.
    decoder: Decoder,
    keep_alive: std::time::Duration,
    /// When the client last got something.
    last_sent: tokio::time::Instant,
    cut: tokio_util::sync::CancellationToken,
    sink: Sink,
    /// Kept for its memory; empty between two frames.
    events: Vec<Event>,
    /// Bytes for the client that have not been sent yet.
    out: BytesMut,
    /// Its job, if it runs in the background.
    background: Option<Background>,
    _in_progress: Option<Entered>,
    _ticket: Option<Ticket>,
}

impl Running {
    /// It has a place in flight, and a client that knows its id before the store does.
    fn with_place(self, entered: Entered, ticket: Ticket) -> Self {
        Self { _in_progress: Some(entered), _ticket: Some(ticket), ..self }
    }

    /// It runs in the background.
    pub(crate) fn with_job(self, job: Background) -> Self {
        Self { background: Some(job), ..self }
    }

    pub(crate) async fn until_the_end(mut self) {
        // A defect ends one turn, and not in silence: it is told and recorded like any failure.
        let ended = AssertUnwindSafe(self.generate_and_keep()).catch_unwind().await;
        match ended.unwrap_or_else(|panic| Err(self.panicked(&*panic))) {
            Ok(finished) => self.tell(&finished).await,
            Err(Failure::Cancelled) => self.cancelled().await,
            Err(failure) => self.fail(failure).await,
        }
    }

    async fn generate_and_keep(&mut self) -> Result<Finished, Failure> {
        let generated = match self.work {
            Work::Generate | Work::Compact => self.generate().await,
            Work::Prewarm => self.prewarm().await,
        };
        self.land(generated.as_ref().err());
        self.keep(generated.map_err(|failure| self.without_name(failure))?).await
    }

    fn panicked(&mut self, panic: &(dyn Any + Send)) -> Failure {
        // What was being written may be half an event.
        self.out.clear();
        if let Sink::Log(log) = &self.sink {
            self.encoder.rewind(log.next());
        }
        Failure::Internal(format!("a panic: {}", panic_message(panic)).into())
    }

    /// An answer without a model: nothing, at no cost.
    async fn prewarm(&mut self) -> Result<Finish, Failure> {
        self.begin().await?;
        let nothing = Event::Usage(Usage::default());
        self.encoder.event(&nothing, &mut self.out).map_err(out_of_rule)?;
        Ok(Finish::Stop)
    }

    /// From the call of the model to its last event.
    async fn generate(&mut self) -> Result<Finish, Failure> {
        let (held, mut rest) = self.open().await?;
        self.begin().await?;
        for chunk in held {
            if let Some(finish) = self.take_in(chunk).await? {
                return Ok(finish);
            }
        }
        while let Some(chunk) = self.next_chunk(&mut rest).await? {
            if let Some(finish) = self.take_in(chunk).await? {
                return Ok(finish);
            }
        }
        self.last_events()
    }

    /// Sends the beginning of a stream, once.
    async fn begin(&mut self) -> Result<(), Failure> {
        if !self.sink.begin(self.dropped) {
            return Ok(());
        }
        if let Sink::Log(log) = &mut self.sink {
            log.begin(self.encoder.start(&mut self.out));
            return self.flush().await;
        }
        if self.sink.is_stream() {
            self.settlement.streaming();
        }
        self.encoder.begin(&mut self.out);
        self.flush().await
    }

    /// Decodes bytes of the model server and sends what comes of them.
    async fn take_in(&mut self, chunk: Bytes) -> Result<Option<Finish>, Failure> {
        self.splitter.push(chunk);
        loop {
            let step = self.decode_piece()?;
            self.flush().await?;
            match step {
                Step::Finished(finish) => return Ok(Some(finish)),
                Step::Drained => return Ok(None),
                Step::More => {}
            }
        }
    }

    /// Decodes what has arrived until there is a piece for the client or nothing left. What comes
    /// before an error stays in `out`: how the network cut the bytes must not decide it.
    fn decode_piece(&mut self) -> Result<Step, Failure> {
        while self.out.len() < PIECE {
            let Some(frame) = self.splitter.next_frame().map_err(UpstreamError::from)? else {
                return Ok(Step::Drained);
            };
            let mut events = std::mem::take(&mut self.events);
            let fed = self.decoder.feed(&frame.data, &mut events);
            let finish = self.encode(&mut events)?;
            self.events = events;
            if let Some(finish) = finish {
                return Ok(Step::Finished(finish));
            }
            fed?;
        }
        Ok(Step::More)
    }

    /// The model server has closed its stream.
    fn last_events(&mut self) -> Result<Finish, Failure> {
        let mut events = Vec::new();
        let fed = self.decoder.finish(&mut events);
        let finish = self.encode(&mut events)?;
        fed?;
        let detail = "the stream ended without an end".to_owned();
        finish.ok_or(Failure::Upstream(UpstreamError::Truncated { detail }))
    }

    /// Turns events into bytes for the client.
    fn encode(&mut self, events: &mut Vec<Event>) -> Result<Option<Finish>, Failure> {
        let mut finish = None;
        for event in events.drain(..) {
            self.encoder.event(&event, &mut self.out).map_err(out_of_rule)?;
            if let Event::Finished(reason) = event {
                finish = Some(reason);
            }
        }
        Ok(finish)
    }

    /// Sends what is waiting. It waits for the client, which is what keeps memory flat.
    async fn flush(&mut self) -> Result<(), Failure> {
        let out = self.out.split().freeze();
        if out.is_empty() {
            return Ok(());
        }
        self.last_sent = tokio::time::Instant::now();
        if let Some(promise) = &mut self.promise {
            promise.record(&out);
        }
        let end = self.encoder.written();
        let sent = tokio::select! {
            biased;
            sent = self.sink.send(out.clone(), end) => sent.map_err(|sink::Gone| Failure::Cancelled),
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        };
        // What the log has not taken goes into the record, so that no event is left out.
        if let Sink::Log(log) = &self.sink
            && log.next() != end
        {
            self.out = BytesMut::from(out);
        }
        sent
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref().copied()).unwrap_or("without a message")
}

/// A stream that breaks the rules of events is the model server's doing: the decoder lets through
/// what the server sent.
pub(super) fn out_of_rule(violation: Violation) -> Failure {
    Failure::Upstream(UpstreamError::Protocol { detail: violation.to_string() })
}

#[cfg(test)]
mod tests;
