//! Runs one turn of the Responses API: model call, events, commit, terminal event.
//!
//! A turn runs on a task of its own, because it has to reach its end (a stored record, a settled
//! account) whatever becomes of the request that began it. The task and the client's side are
//! joined by [`sink::Sink`]; when the client's side is gone, the turn is cancelled.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use transom_core::caller::Principal;
use transom_core::event::{Event, Finish};
use transom_core::failure::Failure;
use transom_core::port::upstream::{Route, UpstreamBody, UpstreamRequest};
use transom_core::transcript::Violation;
use transom_core::upstream_error::UpstreamError;
use transom_wire::chat::{self, Decoder};
use transom_wire::responses::encode::Encoder;
use transom_wire::responses::request::{Delivery, Turn};
use transom_wire::sse::{COMMENT_KEEP_ALIVE, Splitter};

use crate::answer::{check_status, check_type};
use crate::call::Reply;
use crate::pipeline::Gateway;
use crate::stage::admit::Ticket;
use crate::stage::settle::Settlement;

mod close;
mod sink;

use close::Ledger;
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
    ) -> Result<Reply, Failure> {
        let (sink, reply) = sink::join(delivery);
        let request = UpstreamRequest {
            route: Route::ChatCompletions,
            body: chat::render(&turn.generation, &self.settings.render),
        };
        let running = Running {
            encoder: Encoder::new(turn.head.clone(), self.ids.clone(), delivery),
            ledger: Ledger::new(self, caller.scope, turn),
            settlement: Settlement::open(&self.metrics, LABEL),
            upstream: self.upstream.clone(),
            metrics: self.metrics.clone(),
            splitter: Splitter::new(self.settings.event_bytes),
            decoder: Decoder::new(self.ids.clone()),
            keep_alive: self.settings.keep_alive,
            cut: self.cut.clone(),
            sink,
            out: BytesMut::new(),
            _ticket: ticket,
        };
        self.tracker.spawn(running.to_the_end(request));
        reply.begun().await
    }
}

/// A turn on its task.
struct Running {
    encoder: Encoder,
    ledger: Ledger,
    settlement: Settlement,
    upstream: std::sync::Arc<dyn transom_core::port::upstream::Upstream>,
    metrics: crate::metrics::Metrics,
    splitter: Splitter,
    decoder: Decoder,
    keep_alive: std::time::Duration,
    cut: tokio_util::sync::CancellationToken,
    sink: Sink,
    /// Bytes for the client that have not been sent yet.
    out: BytesMut,
    _ticket: Ticket,
}

impl Running {
    async fn to_the_end(mut self, request: UpstreamRequest) {
        match self.generate(request).await {
            Ok(finish) => self.finish(finish).await,
            Err(Failure::Cancelled) => self.cancelled().await,
            Err(failure) => self.fail(failure).await,
        }
    }

    /// From the call of the model server to its last event.
    async fn generate(&mut self, request: UpstreamRequest) -> Result<Finish, Failure> {
        let called = Instant::now();
        let mut body = self.call(request).await?;
        self.settlement.streaming();
        self.sink.begin();
        self.encoder.begin(&mut self.out);
        self.flush().await?;
        let mut events = Vec::new();
        let mut first = Some(called);
        loop {
            match self.next_chunk(&mut body).await? {
                Some(chunk) => self.decode(chunk, &mut events)?,
                None => self.decoder.finish(&mut events)?,
            }
            if let Some(called) = first.take_if(|_| !events.is_empty()) {
                self.metrics.first_token.observe(called.elapsed().as_secs_f64());
            }
            let finish = self.encode(&mut events)?;
            self.flush().await?;
            if let Some(finish) = finish {
                return Ok(finish);
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

    /// The next bytes of the model server; `None` at the end. A silent stream gets a comment now
    /// and then.
    async fn next_chunk(&mut self, body: &mut UpstreamBody) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = self.sink.gone() => return Err(Failure::Cancelled),
                () = self.cut.cancelled() => return Err(Failure::ShuttingDown),
                () = tokio::time::sleep(self.keep_alive) => {
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

    fn decode(&mut self, chunk: Bytes, events: &mut Vec<Event>) -> Result<(), UpstreamError> {
        self.splitter.push(chunk);
        while let Some(frame) = self.splitter.next_frame()? {
            self.decoder.feed(&frame.data, events)?;
        }
        Ok(())
    }

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
        tokio::select! {
            biased;
            sent = self.sink.send(out) => sent.map_err(|sink::Gone| Failure::Cancelled),
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        }
    }
}

/// A stream that breaks the rules of events is the model server's doing: the decoder lets through
/// what the server sent.
fn out_of_rule(violation: Violation) -> Failure {
    Failure::Upstream(UpstreamError::Protocol { detail: violation.to_string() })
}
