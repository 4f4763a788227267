//! Has a conversation summed up, and seals the summary for its client.
//!
//! Nothing is stored, so this runs in the future of its request: a client that leaves drops it, which
//! closes the connection to the model server.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use transom_core::event::{Event, Finish};
use transom_core::failure::Failure;
use transom_core::item::Sealed;
use transom_core::port::upstream::UpstreamBody;
use transom_core::transcript::Transcript;
use transom_core::upstream_error::UpstreamError;
use transom_sealing::keyring::{Owner, Purpose};
use transom_wire::responses::compaction::{self, Compacted};
use transom_wire::responses::request::{Delivery, Turn};
use transom_wire::sse::Splitter;
use transom_wire::upstream::{Decoder, Expectation};

use crate::call::Reply;
use crate::dispatch::{Job, Opened, Served, hidden};
use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::stage::admit::Ticket;
use crate::stage::plan::Asker;
use crate::stage::rehydrate::Joined;
use crate::stage::settle::{Outcome, Settlement};
use crate::stage::turn::out_of_rule;

/// The route's name in metrics.
const LABEL: &str = "/v1/responses/compact";

impl Gateway {
    /// The compacted conversation: what stays of it, and the summary of the rest.
    pub(crate) async fn compact(
        self: &Arc<Self>,
        live: &Snapshot,
        asker: &Asker<'_>,
        mut joined: Joined,
        model: Arc<str>,
        _ticket: Ticket,
    ) -> Result<Reply, Failure> {
        let kept = compaction::kept(&joined.turn.generation.input);
        joined.turn.generation.input.push(compaction::question());
        let plan = live.plan_turn(asker, &joined, Delivery::Whole, model);
        let job = Arc::new(plan.job(&joined.turn.generation));
        let mut settlement = Settlement::open(&self.metrics, LABEL);
        let answered = tokio::select! {
            answered = self.summary(live, &joined.turn, &job) => answered,
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        };
        let answer = answered.inspect_err(|failure| settlement.failed(failure))?;
        settlement.spent(answer.usage());
        let summary = summary(&answer).inspect_err(|failure| settlement.failed(failure))?;
        settlement.ended(Outcome::Completed, answer.usage());
        let head = joined.turn.head;
        let owner = Owner { scope: &asker.caller.scope, model: &head.model };
        let fresh = (self.ids.random(), self.clock.now());
        let blob = live.keyring.seal(Purpose::Summary, owner, &[summary], fresh);
        let compacted = Compacted {
            id: head.id,
            created_at: head.created_at,
            kept,
            sealed: Sealed::shut(blob),
            // OpenAI's schema wants numbers: where the model server gave none, none were counted.
            usage: answer.usage().unwrap_or_default(),
        };
        let object = compacted.into_json(self.ids.as_ref());
        Ok(Reply::Json(String::from(Box::<str>::from(object)).into()))
    }

    /// Has the model called and takes its whole answer in.
    async fn summary(
        self: &Arc<Self>,
        live: &Snapshot,
        turn: &Turn,
        job: &Arc<Job>,
    ) -> Result<Transcript, Failure> {
        let Served { opened, mut flight, names, speaks } =
            Arc::clone(self).dispatch(Arc::clone(job)).await?;
        let Opened::Stream { held, rest, .. } = opened else {
            return Err(Failure::Internal("a whole answer to a stream".into()));
        };
        let mut reading = Reading {
            splitter: Splitter::new(live.settings.event_bytes),
            decoder: Expectation::of(&turn.generation, self.ids.clone()).decoder(speaks),
            transcript: Transcript::new(self.ids.clone()),
        };
        let read = reading.read_whole(held.into(), rest).await;
        let now = tokio::time::Instant::now().into_std();
        match read {
            Ok(()) => {
                flight.ended(reading.transcript.usage(), now);
                Ok(reading.transcript)
            }
            Err(Failure::Upstream(error)) => {
                flight.failed(&error, now);
                self.suspect(job, flight, &error);
                Err(Failure::Upstream(match names {
                    Some(names) => hidden(error, &names.upstream, &job.asked),
                    None => error,
                }))
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A whole summary. Half of one would lose the other half without anybody noticing.
fn summary(answer: &Transcript) -> Result<String, Failure> {
    if answer.finish() == Some(Finish::Length) {
        let message = "The model reached its token limit before the summary was whole. Compact the \
                       conversation earlier, or a part of it.";
        return Err(Failure::invalid("input", "context_length_exceeded", message.to_owned()));
    }
    let text = compaction::summary(answer.entries().iter().map(|entry| &entry.item));
    let detail = "the answer has no text, which was to be the summary".to_owned();
    text.ok_or(Failure::Upstream(UpstreamError::Protocol { detail }))
}

/// An answer that is being read.
struct Reading {
    splitter: Splitter,
    decoder: Decoder,
    transcript: Transcript,
}

impl Reading {
    async fn read_whole(
        &mut self,
        held: Vec<bytes::Bytes>,
        mut rest: UpstreamBody,
    ) -> Result<(), Failure> {
        for chunk in held {
            self.take_in(chunk)?;
        }
        while self.transcript.finish().is_none() {
            let Some(frame) = rest.frame().await else { return self.last_events() };
            if let Ok(chunk) = frame?.into_data() {
                self.take_in(chunk)?;
            }
        }
        Ok(())
    }

    fn take_in(&mut self, chunk: bytes::Bytes) -> Result<(), Failure> {
        self.splitter.push(chunk);
        while self.transcript.finish().is_none()
            && let Some(frame) = self.splitter.next_frame().map_err(UpstreamError::from)?
        {
            let mut events = Vec::new();
            let fed = self.decoder.feed(&frame.data, &mut events);
            self.apply(&events)?;
            fed?;
        }
        Ok(())
    }

    /// The model server has closed its stream.
    fn last_events(&mut self) -> Result<(), Failure> {
        let mut events = Vec::new();
        let fed = self.decoder.finish(&mut events);
        self.apply(&events)?;
        fed?;
        let detail = "the stream ended without an end".to_owned();
        let ended = self.transcript.finish().map(drop);
        ended.ok_or(Failure::Upstream(UpstreamError::Truncated { detail }))
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), Failure> {
        events.iter().try_for_each(|event| self.transcript.apply(event)).map_err(out_of_rule)
    }
}

#[cfg(test)]
mod tests;
