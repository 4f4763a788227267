//! The port to jobs: what runs responses in the background.
//!
//! A response in the background is stored when it is accepted, long before it has ended. Its job
//! stands beside it and holds what another process needs to run it again, the events that its
//! clients may ask for again, and who runs it. Whoever runs it holds a lease and renews it; a lease
//! that ran out tells every other process with the same store that its holder has died. A change by
//! anybody who has lost the lease is not made ([`StoreError::Conflict`]), whatever the clocks say, so
//! a response ends once.
//!
//! The end of a job is a commit of its turn ([`super::store::TurnRecord::job`]).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::store::{StoreError, StoredItem, TurnRecord};
use crate::Json;
use crate::clock::Timestamp;
use crate::id::{ConversationId, ResponseId};
use crate::scope::Scope;

mod none;

pub use none::NoJobs;

/// The process that runs a job: an id that it made for itself when it started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder(pub Arc<str>);

/// Who runs a job, and until when without another word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLease {
    /// Who.
    pub holder: Holder,
    /// Wall-clock time, because processes have no other time in common.
    pub until: Timestamp,
}

/// Events of one stream that follow each other, as its clients read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The number of the first one.
    pub first: u64,
    /// How many there are; 0 when there are none.
    pub count: u64,
    /// Whole frames.
    pub frames: Bytes,
}

/// What is needed to run a job again.
#[derive(Clone, Debug)]
pub struct JobOrder {
    /// The request's body, as it was read from the client.
    pub request: Json,
    /// What ties the request to a conversation beside its body.
    pub session: Option<String>,
    /// The class of priority, as the engine spells it.
    pub priority: String,
}

/// A job whose holder has died, taken over by another.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// The response that it writes.
    pub id: ResponseId,
    /// Whose it is.
    pub scope: Scope,
    /// When the response was created.
    pub created_at: Timestamp,
    /// What was asked for; `None` where it cannot be read.
    pub order: Option<JobOrder>,
    /// The conversation that the response works on.
    pub conversation: Option<ConversationId>,
    /// The response object so far.
    pub response: Json,
    /// The input items, with the ids that they were stored with.
    pub input: Vec<StoredItem>,
    /// Whether a model's answer has been seen by anybody.
    pub begun: bool,
    /// Whether its owner wants it to end.
    pub cancel: bool,
    /// The number of its next event.
    pub next_event: u64,
    /// How many processes have begun to run it.
    pub attempts: u32,
}

/// Which of the jobs that nobody runs are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Those that can only be ended: a model's answer has been seen, their owner does not want them
    /// any more, or [`MAX_ATTEMPTS`] processes have run them.
    ToEnd,
    /// Those that can be run again.
    ToRun,
}

/// How many processes run a job, one after the other. A request that makes a process crash is not
/// given to every other one.
pub const MAX_ATTEMPTS: u32 = 3;

/// A job as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// How many events have been written.
    pub events: u64,
    /// How long its events are kept; `None` while it runs.
    pub kept_until: Option<Timestamp>,
}

/// A job that this process runs, as the store sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldJob {
    /// The response that it writes.
    pub id: ResponseId,
    /// Whose it is.
    pub scope: Scope,
    /// Whether its owner wants it to end.
    pub cancel: bool,
}

/// The end of a job, written with its turn.
#[derive(Clone, Debug)]
pub struct JobEnd {
    /// Who ran it.
    pub holder: Holder,
    /// Its last events.
    pub events: Events,
    /// How long all of them are kept.
    pub kept_until: Timestamp,
}

/// Jobs that survive the process that runs them.
///
/// Methods for owners take their [`Scope`] first. Those for processes ask by holder, see jobs of
/// every owner, and get each with its owner.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores a response that has not ended, with its input, its job and its first events.
    async fn accept(
        &self,
        scope: &Scope,
        turn: TurnRecord,
        order: JobOrder,
        lease: JobLease,
        events: Events,
    ) -> Result<(), StoreError>;

    /// Adds events. `begun` is the response object of a job whose model has begun to answer, with
    /// the first events of the answer. [`StoreError::Conflict`]: somebody else runs the job, it has
    /// ended or been deleted, or the first one is not the next: each event is written once.
    async fn append(
        &self,
        scope: &Scope,
        id: &ResponseId,
        holder: &Holder,
        events: Events,
        begun: Option<Json>,
    ) -> Result<(), StoreError>;

    /// The job of a response; `None`: the owner has no such response, or it is not one in the
    /// background.
    async fn job(&self, scope: &Scope, id: &ResponseId) -> Result<Option<JobState>, StoreError>;

    /// Events from number `first` on, in order, as many as fit into a page. Empty: none yet, or no
    /// more.
    async fn events(
        &self,
        scope: &Scope,
        id: &ResponseId,
        first: u64,
    ) -> Result<Vec<Events>, StoreError>;

    /// Asks whoever runs the job to end it; `false` when it has ended, or there is none.
    async fn ask_to_cancel(&self, scope: &Scope, id: &ResponseId) -> Result<bool, StoreError>;

    /// Takes a job from whoever runs it; `None` when it has ended, or there is none.
    async fn seize(
        &self,
        scope: &Scope,
        id: &ResponseId,
        lease: JobLease,
    ) -> Result<Option<Orphan>, StoreError>;

    /// Makes the leases of a process last longer, and tells which jobs it still holds.
    async fn renew(&self, lease: JobLease) -> Result<Vec<HeldJob>, StoreError>;

    /// Lets go of a job that nobody has seen anything of: then nobody holds it, and the next process
    /// runs it. This one does not count among those that have run it.
    async fn let_go(
        &self,
        scope: &Scope,
        id: &ResponseId,
        holder: &Holder,
    ) -> Result<(), StoreError>;

    /// Takes over jobs of other processes whose lease has run out by `now`, as many as `left` says. What is
    /// damaged is ended on the way.
    async fn adopt(
        &self,
        lease: JobLease,
        now: Timestamp,
        left: (Left, u32),
    ) -> Result<Vec<Orphan>, StoreError>;

    /// Deletes events that are not kept any longer at `now`, of at most `limit` jobs; whether there
    /// may be more.
    async fn expire(&self, now: Timestamp, limit: u32) -> Result<bool, StoreError>;
}
