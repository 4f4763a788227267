//! What becomes of a turn whose process has died.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::port::jobs::{Events, JobEnd, MAX_ATTEMPTS, Orphan};
use transom_core::port::store::{StoreError, TurnRecord};
use transom_wire::responses::encode::{self, End};

use super::run::{Birth, unfinished};
use crate::call::{Endpoint, Hints, Priority, Transport};
use crate::gateway::Gateway;
use crate::metrics::AdoptedLabel;
use crate::stage::admit::RETRY_AFTER;
use crate::stage::screen::Screened;
use crate::stage::turn::panic_message;

/// The events that tell of an end: an error, and of a failure the object too.
fn last_events(end: &End<'_>) -> u64 {
    match end {
        End::Cancelled => 1,
        End::Failed(_) => 2,
    }
}

/// The model's name in a record that ends an orphan: the one that was stored at its beginning stays.
const AS_STORED: &str = "";

impl Gateway {
    /// Ends a turn that was taken over, or runs it again.
    pub(super) async fn take_over(self: &Arc<Self>, orphan: Orphan) {
        let (id, outcome) = (orphan.id.clone(), Verdict::of(&orphan));
        tracing::info!(response.id = %id, outcome = outcome.word(), "taken over");
        let label = AdoptedLabel { outcome: outcome.word() };
        self.metrics.adopted.get_or_create(&label).inc();
        let done = self.carry_out(outcome, orphan).await;
        match done {
            // Its owner has deleted it, or somebody else was faster.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => tracing::warn!(response.id = %id, %error, "it could not be taken over"),
        }
    }

    async fn carry_out(
        self: &Arc<Self>,
        outcome: Verdict,
        orphan: Orphan,
    ) -> Result<(), StoreError> {
        match outcome {
            Verdict::Cancelled => self.end_orphan(orphan, &End::Cancelled).await,
            Verdict::Interrupted => {
                self.end_orphan(orphan, &End::Failed(&Failure::Interrupted)).await
            }
            // Whoever goes down leaves it to others.
            Verdict::RunAgain if self.drain.is_cancelled() => self.leave(&orphan).await,
            Verdict::RunAgain => self.run_or_leave(orphan).await,
        }
    }

    async fn run_or_leave(self: &Arc<Self>, orphan: Orphan) -> Result<(), StoreError> {
        // A defect ends one turn, and not the task that looks after all of them.
        let running = AssertUnwindSafe(self.run_again(&orphan)).catch_unwind().await;
        let running = running.unwrap_or_else(|panic| {
            Err(Failure::Internal(format!("a panic: {}", panic_message(&*panic)).into()))
        });
        let waited = self.since(orphan.created_at);
        let has_time = waited < self.snapshot().settings.background.wait;
        match running {
            Ok(()) => Ok(()),
            // It stays ours, and is looked at again.
            Err(Failure::Store(error @ StoreError::Unavailable(_))) => Err(error),
            // There will be room, here or elsewhere, and another turn of the conversation ends.
            Err(Failure::Overloaded { .. } | Failure::ConversationLocked(_)) if has_time => {
                self.leave(&orphan).await
            }
            Err(failure) => self.end_orphan(orphan, &End::Failed(&failure)).await,
        }
    }

    /// Leaves a turn to whoever looks for one next.
    async fn leave(&self, orphan: &Orphan) -> Result<(), StoreError> {
        self.jobs.let_go(&orphan.scope, &orphan.id, &self.holder).await
    }

    /// Ends a turn with what is known of it.
    pub(super) async fn end_orphan(&self, orphan: Orphan, end: &End<'_>) -> Result<(), StoreError> {
        let mut frames = BytesMut::new();
        let finished = encode::end_orphan(&orphan.response, end, orphan.next_event, &mut frames);
        let (first, count) = (orphan.next_event, last_events(end));
        let events = Events { first, count, frames: frames.freeze() };
        let kept = self.snapshot().settings.background.events;
        let kept_until = self.clock.now().after(kept);
        let record = TurnRecord {
            status: finished.status,
            // It is free again.
            conversation: orphan.conversation.clone(),
            job: Some(JobEnd { holder: self.holder.clone(), events, kept_until }),
            ..unfinished(&orphan.id, orphan.created_at, AS_STORED, finished.object)
        };
        self.store.commit_turn(&orphan.scope, record).await
    }

    /// The stages of a request once more, for a response that has its id already. Boxed, because
    /// what it starts can in the end lead here again.
    fn run_again<'a>(
        self: &'a Arc<Self>,
        orphan: &'a Orphan,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let live = self.snapshot();
            let Some(order) = &orphan.order else {
                return Err(Failure::Internal("a job without its request".into()));
            };
            let entered = self.here.enter(&orphan.id, live.settings.background.jobs);
            // Full, or its end is being written here: it is looked at again.
            let entered = entered.map_err(|_| Failure::Overloaded { retry_after: RETRY_AFTER })?;
            entered.presence.wrote(orphan.next_event);
            let body = Bytes::copy_from_slice(order.request.get().as_bytes());
            let screened = live.screen(Endpoint::Responses, &Transport::Request, body)?;
            let Screened::Response(request) = screened else {
                return Err(Failure::Internal("a job of another route".into()));
            };
            let caller = Principal { scope: orphan.scope.clone() };
            let hints = Hints {
                session: order.session.clone(),
                priority: Priority::from_word(&order.priority).unwrap_or_default(),
            };
            let birth = Birth { id: orphan.id.clone(), created_at: orphan.created_at };
            let ready = self.ready(&live, &caller, None, *request, birth).await?;
            let mut prepared = self.prepare(&live, caller, (&hints, None), ready);
            // They are in the store, with the ids that clients may have read.
            prepared.turn.input.clone_from(&orphan.input);
            self.start(&live, prepared, entered, orphan.next_event);
            Ok(())
        }
        .boxed()
    }
}

/// What becomes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    RunAgain,
    Interrupted,
    Cancelled,
}

impl Verdict {
    /// A model's answer that somebody has read cannot be taken back, and another one would not be
    /// its continuation.
    fn of(orphan: &Orphan) -> Self {
        match orphan {
            Orphan { cancel: true, .. } => Self::Cancelled,
            Orphan { begun: true, .. } => Self::Interrupted,
            // Those that it may have killed have died.
            Orphan { attempts, .. } if *attempts > MAX_ATTEMPTS => Self::Interrupted,
            _ => Self::RunAgain,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::RunAgain => "run_again",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }
}
