//! Runs one turn of the Responses API: model call, events, commit, terminal event.
//!
//! A turn runs on a task of its own, because it has to reach its end (a stored record, a settled
//! account) whatever becomes of the request that began it. The task and the client's side are
//! joined by [`sink::Sink`]; when the client's side is gone, the turn is cancelled.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use tracing::Instrument as _;
use transom_core::caller::Principal;
use transom_core::event::{Event, Finish};
use transom_core::failure::Failure;
use transom_core::item::Item;
use transom_core::port::upstream::{Route, UpstreamBody, UpstreamRequest};
use transom_core::transcript::Violation;
use transom_core::upstream_error::UpstreamError;
use transom_wire::chat::{self, Decoder};
use transom_wire::responses::encode::{Encoder, Finished};
use transom_wire::responses::request::{Delivery, Turn};
use transom_wire::sse::{COMMENT_KEEP_ALIVE, Splitter};

use crate::answer::{check_status, check_type};
use crate::call::Reply;
use crate::gateway::Gateway;
use crate::in_progress::Entered;
use crate::stage::admit::Ticket;
use crate::stage::settle::Settlement;

mod close;
mod journal;
mod sink;

use close::Ledger;
use journal::Journal;
pub(crate) use journal::Stopwatch;
use sink::Sink;

/// The route's name in metrics.
const LABEL: &str = "/v1/responses";

impl Gateway {
    /// Starts the turn and waits for what its client is to get: a whole answer, or the beginning
    /// of a stream.
    pub(crate) async fn run(
        &self,
        caller: Principal,
        turn: Turn,
        delivery: Delivery,
        ticket: Ticket,
        stopwatch: Stopwatch,
    ) -> Result<Reply, Failure> {
        let (sink, reply) = sink::join(delivery);
        let request = UpstreamRequest {
            route: Route::ChatCompletions,
            body: chat::render(&turn.generation, &self.settings.render),
        };
        let call_ids = turn.generation.input.iter().filter_map(|item| match item {
            Item::FunctionCall(call) => Some(call.call_id.clone()),
            _ => None,
        });
        let decoder = Decoder::new(self.ids.clone()).with_known_calls(call_ids);
        let running = Running {
            decoder,
            _in_progress: self.in_progress.enter(&caller.scope, &turn.head.id),
            encoder: Encoder::new(turn.head.clone(), self.ids.clone(), delivery),
            ledger: Ledger::new(self, caller.scope, turn),
            settlement: Settlement::open(&self.metrics, LABEL),
            journal: Journal::open(self.settings.turn_log, stopwatch, &request.body),
            upstream: self.upstream.clone(),
            metrics: self.metrics.clone(),
            splitter: Splitter::new(self.settings.event_bytes),
            keep_alive: self.settings.keep_alive,
            last_sent: tokio::time::Instant::now(),
            cut: self.cut.clone(),
            sink,
            called: None,
            events: Vec::new(),
            out: BytesMut::new(),
            _ticket: ticket,
        };
        // The span names the request in what the task logs.
        self.tracker.spawn(running.until_the_end(request).in_current_span());
        reply.begun().await
    }
}

/// Bytes for the client that are sent together at most, but for one event.
const PIECE: usize = 16 * 1024;

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
struct Running {
    encoder: Encoder,
    ledger: Ledger,
    settlement: Settlement,
    journal: Journal,
    upstream: std::sync::Arc<dyn transom_core::port::upstream::Upstream>,
    metrics: crate::metrics::Metrics,
    splitter: Splitter,
    decoder: Decoder,
    keep_alive: std::time::Duration,
    /// When the client last got something.
    last_sent: tokio::time::Instant,
    cut: tokio_util::sync::CancellationToken,
    sink: Sink,
    /// When the model server was called, until its first event.
    called: Option<Instant>,
    /// Kept for its memory; empty between two frames.
    events: Vec<Event>,
    /// Bytes for the client that have not been sent yet.
    out: BytesMut,
    _in_progress: Entered,
    _ticket: Ticket,
}

impl Running {
    async fn until_the_end(mut self, request: UpstreamRequest) {
        // A defect ends one turn, and not in silence: it is told and recorded like any failure.
        let ended = AssertUnwindSafe(self.generate_and_keep(request)).catch_unwind().await;
        match ended.unwrap_or_else(|panic| Err(self.panicked(&*panic))) {
            Ok(finished) => self.tell(&finished).await,
            Err(Failure::Cancelled) => self.cancelled().await,
            Err(failure) => self.fail(failure).await,
        }
    }

    async fn generate_and_keep(&mut self, request: UpstreamRequest) -> Result<Finished, Failure> {
        let finish = self.generate(request).await?;
        self.keep(finish).await
    }

    fn panicked(&mut self, panic: &(dyn Any + Send)) -> Failure {
        // What was being written may be half an event.
        self.out.clear();
        Failure::Internal(format!("a panic: {}", panic_message(panic)).into())
    }

    /// From the call of the model server to its last event.
    async fn generate(&mut self, request: UpstreamRequest) -> Result<Finish, Failure> {
        self.called = Some(Instant::now());
        let mut body = self.call(request).await?;
        self.sink.begin();
        if self.sink.is_stream() {
            self.settlement.streaming();
        }
        self.encoder.begin(&mut self.out);
        self.flush().await?;
        loop {
            match self.next_chunk(&mut body).await? {
                Some(chunk) => self.splitter.push(chunk),
                None => return self.last_events(),
            }
            loop {
                let step = self.decode_piece()?;
                self.flush().await?;
                match step {
                    Step::Finished(finish) => return Ok(finish),
                    Step::Drained => break,
                    Step::More => {}
                }
            }
        }
    }

    async fn call(&mut self, request: UpstreamRequest) -> Result<UpstreamBody, Failure> {
        let upstream = self.upstream.clone();
        let calling = async {
            let reply = check_status(upstream.call(request).await?).await?;
            check_type(&reply.headers, "text/event-stream")?;
            Ok::<_, UpstreamError>(reply.body)
        };
        tokio::select! {
            body = calling => Ok(body?),
            () = self.sink.gone() => Err(Failure::Cancelled),
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        }
    }

    /// The next bytes of the model server; `None` at the end. A stream that has been silent
    /// towards the client gets a comment, also while the model server sends what makes no event.
    async fn next_chunk(&mut self, body: &mut UpstreamBody) -> Result<Option<Bytes>, Failure> {
        let streams = self.sink.is_stream();
        loop {
            let silent = self.last_sent + self.keep_alive;
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = self.sink.gone() => return Err(Failure::Cancelled),
                () = self.cut.cancelled() => return Err(Failure::ShuttingDown),
                () = tokio::time::sleep_until(silent), if streams => {
                    self.out.extend_from_slice(COMMENT_KEEP_ALIVE);
                    self.flush().await?;
                    continue;
                }
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        return Ok(Some(chunk));
                    }
                }
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
        if let Some(called) = self.called.take_if(|_| !events.is_empty()) {
            self.metrics.first_token.observe(called.elapsed().as_secs_f64());
            self.journal.first_event(called.elapsed());
        }
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
        tokio::select! {
            biased;
            sent = self.sink.send(out) => sent.map_err(|sink::Gone| Failure::Cancelled),
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        }
    }
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref().copied()).unwrap_or("without a message")
}

/// A stream that breaks the rules of events is the model server's doing: the decoder lets through
/// what the server sent.
fn out_of_rule(violation: Violation) -> Failure {
    Failure::Upstream(UpstreamError::Protocol { detail: violation.to_string() })
}

#[cfg(test)]
mod tests;
