//! The writer: one task, one connection, one transaction for all that waits.
//!
//! An fsync takes milliseconds, during which further changes arrive; the next transaction takes all
//! of them. A change is answered when the transaction that holds it has been committed.

mod session;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::clock::Timestamp;
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::models::{Expect, MAX_MODEL_BYTES, ModelRow};
use transom_core::port::once::Name;
use transom_core::port::sealing::SealingKeyRow;
use transom_core::port::store::{StoreError, StoredItem, TurnRecord};
use transom_core::scope::Scope;

use super::conversations::ConversationChange;
use super::error::Fault;
use super::jobs::JobChange;
use super::once::OnceChange;
use session::Session;
pub(super) use session::{insert_item, insert_response};

/// The most changes that wait; further ones are refused at once.
pub const MAX_QUEUE: usize = 1024;

/// The most changes in one transaction.
pub const MAX_BATCH: usize = 128;

/// The most bytes of JSON that a turn may hold, its response object and all its items together.
pub const MAX_TURN_BYTES: usize = 64 << 20;

/// What is to be changed.
#[derive(Debug)]
pub(super) enum Change {
    Commit(Box<TurnRecord>),
    Delete(ResponseId),
    Conversation(ConversationId, ConversationChange),
    Job(JobChange),
    PutModel(Box<ModelRow>, Expect),
    RemoveModel(String),
    AddSealingKey(Box<SealingKeyRow>, Expect),
    RemoveSealingKey(String),
    Once(Name, OnceChange),
    SweepOnce(Timestamp),
}

impl Change {
    /// Why it is too large to be written at all.
    fn refusal(&self) -> Option<Fault> {
        match self {
            Self::Commit(turn) => {
                (json_bytes(turn) > MAX_TURN_BYTES).then_some(Fault::TurnTooLarge)
            }
            Self::Conversation(_, change) => {
                (items_bytes(change.items()) > MAX_TURN_BYTES).then_some(Fault::TurnTooLarge)
            }
            Self::Job(change) => (change.bytes() > MAX_TURN_BYTES).then_some(Fault::TurnTooLarge),
            Self::PutModel(row, _) => {
                (row.json.get().len() > MAX_MODEL_BYTES).then_some(Fault::ModelTooLarge)
            }
            Self::Once(_, change) => change.is_too_large().then_some(Fault::AnswerTooLarge),
            Self::Delete(_)
            | Self::RemoveModel(_)
            | Self::AddSealingKey(..)
            | Self::RemoveSealingKey(_)
            | Self::SweepOnce(_) => None,
        }
    }
}

/// A change on its way. The answer tells whether a row changed.
struct Job {
    scope: Scope,
    change: Change,
    reply: oneshot::Sender<Result<bool, StoreError>>,
}

impl Job {
    /// The caller may have left: what it asked for is done, and nobody needs to know.
    fn answer(self, result: Result<bool, StoreError>) {
        let _ = self.reply.send(result);
    }
}

/// What the writer has done since it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Changes that were committed.
    pub changes: u64,
    /// Transactions, hence fsyncs, that it took.
    pub transactions: u64,
    /// Changes that failed.
    pub failures: u64,
}

#[derive(Debug, Default)]
struct Tally {
    changes: AtomicU64,
    transactions: AtomicU64,
    failures: AtomicU64,
}

/// The writer's handle.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
    stop: CancellationToken,
    tracker: TaskTracker,
    tally: Arc<Tally>,
}

impl Writer {
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        let (queue, jobs) = mpsc::channel(MAX_QUEUE);
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let tally = Arc::new(Tally::default());
        let session = Session::new(connection, options, Arc::clone(&tally));
        tracker.spawn(run(session, jobs, stop.clone()));
        tracker.close();
        Self { queue, stop, tracker, tally }
    }

    /// Hands a change over and waits until it is committed. It is handed over before the first
    /// wait, so a caller that leaves does not take it along.
    pub(super) async fn submit(&self, scope: &Scope, change: Change) -> Result<bool, StoreError> {
        if let Some(refusal) = change.refusal() {
            return Err(refusal.into());
        }
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job { scope: scope.clone(), change, reply }).map_err(|refused| {
            StoreError::from(match refused {
                mpsc::error::TrySendError::Full(_) => Fault::QueueFull,
                mpsc::error::TrySendError::Closed(_) => Fault::Closed,
            })
        })?;
        answer.await.unwrap_or_else(|_| Err(Fault::Closed.into()))
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            changes: self.tally.changes.load(Ordering::Relaxed),
            transactions: self.tally.transactions.load(Ordering::Relaxed),
            failures: self.tally.failures.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tracker.wait().await;
    }
}

/// Ends when it is told to, or when the last handle is dropped; in both cases with an empty queue.
async fn run(mut session: Session, mut jobs: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    loop {
        let taken = tokio::select! {
            biased;
            () = stop.cancelled(), if !jobs.is_closed() => {
                jobs.close();
                continue;
            }
            taken = jobs.recv_many(&mut batch, MAX_BATCH) => taken,
        };
        if taken == 0 {
            break;
        }
        if let Err(locked) = session.settle(&mut batch).await {
            // These have waited beside the others; nobody waits for a lock twice.
            while let Ok(job) = jobs.try_recv() {
                session.refuse(job, locked.store_error());
            }
        }
    }
    session.close().await;
}

fn json_bytes(turn: &TurnRecord) -> usize {
    let choices = [&turn.tools, &turn.tool_choice].into_iter().flatten();
    items_bytes(&turn.input)
        + items_bytes(&turn.output)
        + choices.map(|json| json.get().len()).sum::<usize>()
        + turn.response.get().len()
        + turn.job.as_ref().map_or(0, |job| job.events.frames.len())
}

fn items_bytes(items: &[StoredItem]) -> usize {
    items.iter().map(|item| item.json.get().len()).sum()
}
