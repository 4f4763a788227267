//! Ends a turn: the record first, then the last word to the client.
//!
//! A response is durable before its terminal event leaves (design decision 7): an id that a client
//! has seen completed is never lost.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use transom_core::clock::Clock;
use transom_core::event::Finish;
use transom_core::failure::Failure;
use transom_core::id::ResponseId;
use transom_core::item::{Conformity, Item};
use transom_core::port::jobs::JobEnd;
use transom_core::port::once::Form;
use transom_core::port::store::{ResponseStore, StoreError, StoredItem, TurnRecord, TurnStatus};
use transom_core::scope::Scope;
use transom_wire::responses::encode::Finished;
use transom_wire::responses::object::Head;
use transom_wire::responses::request::Turn;

use super::Running;
use crate::background::LEASE;
use crate::gateway::Gateway;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::session::{self, Session};
use crate::stage::settle::Outcome;

/// The pause before a record that could not be written is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// Keeps what a turn's record needs until it is written.
pub(super) struct Ledger {
    store: Arc<dyn ResponseStore>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    cut: CancellationToken,
    pub(super) scope: Scope,
    pub(super) head: Head,
    input: Vec<StoredItem>,
    held: Option<Held>,
    session: Option<Arc<Session>>,
}

impl Ledger {
    pub(super) fn new(
        gateway: &Gateway,
        scope: Scope,
        turn: Turn,
        held: Option<Held>,
        session: Option<Arc<Session>>,
    ) -> Self {
        Self {
            store: gateway.store.clone(),
            clock: gateway.clock.clone(),
            metrics: gateway.metrics.clone(),
            cut: gateway.cut.clone(),
            scope,
            head: turn.head,
            input: turn.input,
            held,
            session,
        }
    }

    /// The response that this one continues.
    fn parent(&self) -> Option<ResponseId> {
        self.head.previous_response_id.as_deref().and_then(ResponseId::parse)
    }

    /// What the connection has to remember, because the store cannot give it back.
    fn memory(&self, finished: &Finished) -> Option<(Arc<Session>, session::Turn)> {
        let session = self.session.as_ref()?;
        let parent = self.parent();
        let whole_in_store =
            self.head.store && parent.as_ref().is_none_or(|parent| !session.has(parent));
        if whole_in_store {
            return None;
        }
        let items = self.input.iter().chain(&finished.output).map(|item| item.json.clone());
        let turn = session::Turn {
            parent,
            status: finished.status,
            items: items.collect(),
            tools: self.head.tools.clone(),
            tool_choice: self.head.tool_choice.clone(),
        };
        Some((Arc::clone(session), turn))
    }

    /// Makes the turn durable, unless its client did not want it kept, and adds its items to its
    /// conversation.
    async fn commit(&mut self, finished: &Finished, job: Option<JobEnd>) -> Result<(), StoreError> {
        if !self.head.store && self.held.is_none() {
            return Ok(());
        }
        let started = Instant::now();
        // A store that panics has not said that the turn is durable.
        let committed = AssertUnwindSafe(async {
            if self.head.store {
                self.record(finished, job).await
            } else {
                self.items(finished).await
            }
        });
        let committed = committed.catch_unwind().await.unwrap_or_else(|panic| {
            Err(StoreError::Unavailable(super::panic_message(&*panic).into()))
        });
        self.metrics.commit.observe(started.elapsed().as_secs_f64());
        committed
    }

    /// Writes the response, and its items into its conversation with it.
    async fn record(&mut self, finished: &Finished, job: Option<JobEnd>) -> Result<(), StoreError> {
        let record = TurnRecord {
            id: self.head.id.clone(),
            parent: self.parent(),
            conversation: self.head.conversation.clone(),
            status: finished.status,
            model: self.head.model.clone(),
            created_at: self.head.created_at,
            response: finished.object.clone(),
            input: match &self.held {
                // A turn that has lost its conversation is written a second time, as a failed one.
                Some(_) => self.input.clone(),
                None => std::mem::take(&mut self.input),
            },
            output: finished.output.clone(),
            tools: Some(self.head.tools.clone()),
            tool_choice: Some(self.head.tool_choice.clone()),
            job,
        };
        self.write(record).await?;
        if let Some(held) = &mut self.held {
            held.over();
        }
        Ok(())
    }

    /// Nobody waits for a turn in the background: a store that is not there is waited for, as its events
    /// were.
    async fn write(&self, record: TurnRecord) -> Result<(), StoreError> {
        if record.job.is_none() {
            return self.store.commit_turn(&self.scope, record).await;
        }
        let deadline = tokio::time::Instant::now() + LEASE;
        let mut doubtful = false;
        loop {
            match self.store.commit_turn(&self.scope, record.clone()).await {
                Err(StoreError::Unavailable(_)) if tokio::time::Instant::now() < deadline => {
                    doubtful = true;
                    let pause = self.cut.run_until_cancelled(tokio::time::sleep(RETRY)).await;
                    pause.ok_or_else(|| StoreError::Unavailable("the gateway stops".into()))?;
                }
                // The attempt that seemed to fail had reached the disk.
                Err(StoreError::Conflict) if doubtful && self.is_written(&record).await => {
                    return Ok(());
                }
                done => return done,
            }
        }
    }

    async fn is_written(&self, record: &TurnRecord) -> bool {
        let stored = self.store.response(&self.scope, &record.id).await;
        stored.is_ok_and(|stored| stored.is_some_and(|it| it.get() == record.response.get()))
    }

    /// The conversation is not given back: its lease runs out, or the same response takes it again.
    pub(super) fn keep_conversation(&mut self) {
        if let Some(mut held) = self.held.take() {
            held.over();
        }
    }

    /// Writes the items alone: whoever does not want the response kept has still asked for the
    /// conversation.
    async fn items(&mut self, finished: &Finished) -> Result<(), StoreError> {
        match &mut self.held {
            None => Ok(()),
            Some(held) if finished.status.continuable() => {
                held.extend(self.input.iter().chain(&finished.output).cloned().collect()).await
            }
            Some(held) => held.release().await,
        }
    }

    /// A turn that has lost its conversation is the client's to try again.
    fn failure(&self, error: StoreError) -> Failure {
        match (error, &self.head.conversation) {
            (StoreError::Conflict, Some(id)) => Failure::ConversationLocked(id.clone()),
            // Somebody has cancelled, deleted or taken over what ran in the background.
            (StoreError::Conflict, None) => Failure::Cancelled,
            (error, _) => Failure::Store(error),
        }
    }

    /// Writes down a turn that nobody waits for any more.
    async fn commit_quietly(&mut self, finished: &Finished, job: Option<JobEnd>) {
        match self.commit(finished, job).await {
            // It has ended some other way already.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => {
                tracing::error!(response.id = %self.head.id, %error, "a turn could not be stored");
            }
        }
    }
}

impl Running {
    /// The model stopped: the record is written.
    pub(super) async fn keep(&mut self, finish: Finish) -> Result<Finished, Failure> {
        let finished = self.encoder.finish(finish, self.ledger.clock.now(), &mut self.out);
        let memory = self.ledger.memory(&finished);
        let unsent = self.tell_of_end(&finished);
        let job = match self.job_end().await {
            Ok(job) => job,
            Err(failure) => {
                self.take_back(unsent);
                return Err(failure);
            }
        };
        let committing = Instant::now();
        let committed = self.ledger.commit(&finished, job).await;
        self.journal.committed(committing.elapsed());
        if let Err(error) = committed {
            self.take_back(unsent);
            return Err(self.ledger.failure(error));
        }
        if let Some((session, turn)) = memory {
            session.keep(self.ledger.head.id.clone(), turn);
        }
        if self.background.is_none() {
            self.encoder.terminal(&finished, &mut self.out);
        }
        self.keep_answer(&finished).await;
        Ok(finished)
    }

    /// Keeps the answer for whoever asks again with the same key, before the last of it leaves.
    async fn keep_answer(&mut self, finished: &Finished) {
        let Some(mut promise) = self.promise.take() else { return };
        let of = self.ledger.head.store.then(|| self.ledger.head.id.clone());
        if self.sink.can_stream() {
            promise.record(&self.out);
            promise.keep_stream(of).await;
        } else {
            promise.keep(Form::Json, text(finished), of).await;
        }
    }

    /// Gives the key back: whoever asks again is answered anew.
    async fn release_key(&mut self) {
        if let Some(promise) = self.promise.take() {
            promise.release().await;
        }
    }

    /// The last word of a turn that went well.
    pub(super) async fn tell(mut self, finished: &Finished) {
        let transcript = self.encoder.transcript();
        transcript.entries().iter().for_each(|entry| warn_of(&self.ledger.head.id, &entry.item));
        self.settlement.tool_calls(transcript.entries());
        let outcome = match finished.status {
            TurnStatus::Completed => Outcome::Completed,
            _ => Outcome::Incomplete,
        };
        self.settlement.ended(outcome, transcript.usage());
        self.sink.answer(text(finished), self.dropped, self.out.freeze()).await;
        self.journal.ended(&self.ledger.head.id);
    }

    /// Something broke.
    pub(super) async fn fail(mut self, failure: Failure) {
        let id = self.ledger.head.id.clone();
        let Some(failure) = self.hand_over(failure).await else { return };
        let finished = self.encoder.fail(&failure, &mut self.out);
        self.settlement.failed(&failure);
        self.journal.failed(&id);
        self.settlement.spent(self.encoder.transcript().usage());
        if self.sink.is_stream() {
            // The edge has logged this exchange as a success long ago.
            let symptom = failure.symptom();
            tracing::warn!(response.id = %id, %failure, symptom, "a stream failed");
        }
        // Without a store a turn in the background stays open, until somebody can end it.
        if !matches!(failure, Failure::Store(_))
            && let Ok(job) = self.job_end().await
        {
            self.ledger.commit_quietly(&finished, job).await;
        }
        self.release_key().await;
        self.sink.fail(failure, self.out.freeze()).await;
        self.journal.ended(&id);
    }

    /// The client left, or cancelled what runs in the background.
    pub(super) async fn cancelled(mut self) {
        let finished = self.encoder.cancel(&mut self.out);
        self.settlement.spent(self.encoder.transcript().usage());
        let id = &self.ledger.head.id;
        let why = if self.background.is_some() { "not to go on here" } else { "the client left" };
        tracing::info!(response.id = %id, "cancelled: {why}");
        if let Ok(job) = self.job_end().await {
            self.ledger.commit_quietly(&finished, job).await;
        }
        self.release_key().await;
        self.journal.ended(&self.ledger.head.id);
    }
}

/// Says that a custom tool was called with an input that does not follow its grammar, or may not.
fn warn_of(id: &ResponseId, item: &Item) {
    let Item::CustomToolCall(call) = item else { return };
    let tool = call.tool.flat();
    match call.conformity {
        Conformity::Unasked | Conformity::Follows => {}
        Conformity::Breaks { at } => {
            tracing::warn!(response.id = %id, %tool, at, "a call breaks the grammar of its tool");
        }
        Conformity::Unknown(why) => {
            tracing::warn!(response.id = %id, %tool, ?why, "a call could not be checked");
        }
    }
}

fn text(finished: &Finished) -> Bytes {
    Bytes::copy_from_slice(finished.object.get().as_bytes())
}
