//! From an accepted request to a running turn.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::Instrument as _;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::failure::Failure;
use transom_core::id::ResponseId;
use transom_core::port::jobs::{Events, JobLease, JobOrder};
use transom_core::port::once::Form;
use transom_core::port::store::{TurnRecord, TurnStatus};
use transom_wire::responses::object::Head;
use transom_wire::responses::request::{Delivery, Turn};

use super::here::{Entered, Refusal};
use super::job::Asked;
use super::{EventLog, Job, LEASE};
use crate::call::{Hints, Reply};
use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::stage::admit::{RETRY_AFTER, Ticket};
use crate::stage::once::Promise;
use crate::stage::turn::{Prepared, Sink};

/// When and as what a response begins: a response that is run again is the same response.
#[derive(Clone, Debug)]
pub(crate) struct Birth {
    pub(crate) id: ResponseId,
    pub(crate) created_at: Timestamp,
}

/// A request as it is kept with its response, to be run again.
pub(crate) struct Order(JobOrder);

impl Order {
    /// What was asked for. The body has been read as JSON before, and copied only here.
    pub(crate) fn of(body: &Bytes, hints: &Hints) -> Result<Self, Failure> {
        let text = String::from_utf8(body.to_vec());
        let text = text.map_err(|error| Failure::Internal(error.into()))?;
        let request: Json =
            RawValue::from_string(text).map_err(|error| Failure::Internal(error.into()))?;
        let (session, priority) = (hints.session.clone(), hints.priority.word().to_owned());
        Ok(Self(JobOrder { request, session, priority }))
    }
}

impl Gateway {
    /// Stores the turn, starts it, and answers: with the response object, or with its events. Nothing is
    /// refused once it is stored.
    pub(crate) async fn run_in_background(
        self: &Arc<Self>,
        live: &Arc<Snapshot>,
        prepared: Prepared,
        order: Order,
        ticket: Ticket,
    ) -> Result<Reply, Failure> {
        let (scope, delivery) = (prepared.caller.scope.clone(), prepared.delivery);
        let id = prepared.turn.head.id.clone();
        let entered = self.here.enter(&id, live.settings.background.jobs);
        let entered = entered.map_err(|refusal| match refusal {
            Refusal::Full => Failure::Overloaded { retry_after: RETRY_AFTER },
            Refusal::AlreadyHere => Failure::Internal("an id that is not new".into()),
        })?;
        // On a task of its own: what is stored is also started, whether its client still waits or not.
        let (gateway, snapshot) = (Arc::clone(self), Arc::clone(live));
        let started = async move { gateway.accept(&snapshot, prepared, entered, order).await };
        let started = self.tracker.spawn(started.in_current_span()).await;
        let object = started.map_err(|error| Failure::Internal(error.into()))??;
        match delivery {
            Delivery::Whole => Ok(Reply::Json(Bytes::copy_from_slice(object.get().as_bytes()))),
            Delivery::Stream => Ok(self.replay(live, (scope, id), 0, ticket)),
        }
    }

    /// Stores the turn and starts it.
    async fn accept(
        self: &Arc<Self>,
        live: &Snapshot,
        mut prepared: Prepared,
        entered: Entered,
        order: Order,
    ) -> Result<Json, Failure> {
        let (promise, delivery) = (prepared.promise.take(), prepared.delivery);
        let id = prepared.turn.head.id.clone();
        let scope = prepared.caller.scope.clone();
        let mut encoder = self.encoder(live, &prepared, Delivery::Stream);
        let mut first = BytesMut::new();
        let object = encoder.queue(&mut first);
        let events = Events { first: 0, count: encoder.written(), frames: first.freeze() };
        let record = accepted(&prepared.turn, object.clone());
        let end = events.count;
        self.jobs.accept(&scope, record, order.0, self.lease(), events).await?;
        entered.presence.wrote(end);
        self.start(live, prepared, entered, end);
        self.note_acceptance(promise, &id, delivery).await;
        Ok(object)
    }

    /// Whoever asks again with the same key gets this response, as it is by then.
    async fn note_acceptance(&self, promise: Option<Promise>, id: &ResponseId, wanted: Delivery) {
        let Some(promise) = promise else { return };
        let form = match wanted {
            Delivery::Whole => Form::Json,
            Delivery::Stream => Form::Events,
        };
        promise.keep_response(id.clone(), form).await;
    }

    /// Starts a turn that is stored, with so many events.
    pub(super) fn start(
        self: &Arc<Self>,
        live: &Snapshot,
        prepared: Prepared,
        entered: Entered,
        events: u64,
    ) {
        let (scope, id) = (&prepared.caller.scope, &prepared.turn.head.id);
        let log = EventLog::open(self, (scope, id), &entered.presence, events);
        let limits = live.settings.background;
        let waited = self.since(prepared.turn.head.created_at);
        let job = Job {
            holder: self.holder.clone(),
            kept: limits.events,
            deadline: Instant::now() + limits.wait.saturating_sub(waited),
            asked: Asked::default(),
            entered,
        };
        let mut encoder = self.encoder(live, &prepared, Delivery::Stream);
        // They are in the store; the stream goes on behind them.
        encoder.queue(&mut BytesMut::new());
        let running = self.running(live, prepared, encoder, Sink::Log(log)).with_job(job);
        self.tracker.spawn(running.until_the_end().in_current_span());
    }

    /// How long ago a response was created.
    pub(super) fn since(&self, created_at: Timestamp) -> Duration {
        let millis = self.clock.now().millis().saturating_sub(created_at.millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// A lease of this process that begins now.
    pub(super) fn lease(&self) -> JobLease {
        JobLease { holder: self.holder.clone(), until: self.clock.now().after(LEASE) }
    }
}

/// A turn that has not ended, as it is stored.
fn accepted(turn: &Turn, response: Json) -> TurnRecord {
    let head = &turn.head;
    TurnRecord {
        status: TurnStatus::Queued,
        input: turn.input.clone(),
        parent: parent(head),
        conversation: head.conversation.clone(),
        tools: Some(head.tools.clone()),
        tool_choice: Some(head.tool_choice.clone()),
        ..unfinished(&head.id, head.created_at, &head.model, response)
    }
}

/// A record with nothing but what every record has.
pub(super) fn unfinished(
    id: &ResponseId,
    created_at: Timestamp,
    model: &str,
    response: Json,
) -> TurnRecord {
    TurnRecord {
        id: id.clone(),
        parent: None,
        conversation: None,
        status: TurnStatus::Queued,
        model: model.to_owned(),
        created_at,
        response,
        input: Vec::new(),
        output: Vec::new(),
        tools: None,
        tool_choice: None,
        job: None,
    }
}

fn parent(head: &Head) -> Option<ResponseId> {
    head.previous_response_id.as_deref().and_then(ResponseId::parse)
}
