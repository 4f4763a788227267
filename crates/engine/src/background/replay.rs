//! Streams events out of the store, and those that come meanwhile.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::Instrument as _;
use transom_core::caller::Principal;
use transom_core::failure::{Failure, Missing};
use transom_core::id::ResponseId;
use transom_core::port::jobs::Events;
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;
use transom_wire::sse::COMMENT_KEEP_ALIVE;

use crate::call::Reply;
use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::stage::admit::Ticket;
use crate::stage::turn::Pieces;

/// How often the store is asked for events of a turn that runs elsewhere.
const POLL: Duration = Duration::from_millis(250);

/// Pages that wait for a client that reads slowly.
const WAITING: usize = 2;

impl Gateway {
    /// The events of a response in the background, behind number `after`, and all that follow.
    pub async fn resume(
        self: &Arc<Self>,
        caller: &Principal,
        id: &str,
        after: Option<u64>,
    ) -> Result<Reply, Failure> {
        let live = self.snapshot();
        let missing = || Failure::NotFound(Missing::Response(id.to_owned()));
        let parsed = ResponseId::parse(id).ok_or_else(missing)?;
        let Some(state) = self.jobs.job(&caller.scope, &parsed).await? else {
            self.store.response(&caller.scope, &parsed).await?.ok_or_else(missing)?;
            let message = "Only responses in the background can be streamed again: leave `stream` \
                           out.";
            return Err(Failure::invalid("stream", "stream_unavailable", message.to_owned()));
        };
        if state.kept_until.is_some_and(|until| until <= self.clock.now()) {
            let message =
                "The events of this response are not kept any longer: leave `stream` out.";
            return Err(Failure::invalid("stream", "stream_expired", message.to_owned()));
        }
        let next = after.map_or(0, |after| after.saturating_add(1));
        if next > state.events {
            let last = state.events.saturating_sub(1);
            let message = format!("The last event of this response so far is number {last}.");
            return Err(Failure::invalid("starting_after", "invalid_value", message));
        }
        let ticket = self.admit(&live)?;
        Ok(self.replay(&live, (caller.scope.clone(), parsed), next, ticket))
    }

    /// The events from number `next` on.
    pub(super) fn replay(
        self: &Arc<Self>,
        live: &Snapshot,
        (scope, id): (Scope, ResponseId),
        next: u64,
        ticket: Ticket,
    ) -> Reply {
        let (pieces, received) = mpsc::channel(WAITING);
        let replay = Replay {
            _ticket: ticket,
            keep_alive: live.settings.keep_alive,
            gateway: Arc::clone(self),
            last_sent: Instant::now(),
            scope,
            id,
            next,
            // The end of a stream has no number: it stands behind the last event.
            from: next.saturating_sub(1),
            last_look: false,
            pieces,
        };
        self.tracker.spawn(replay.run().in_current_span());
        Reply::Events(Box::pin(Pieces(received)))
    }
}

/// A client that reads.
struct Replay {
    gateway: Arc<Gateway>,
    scope: Scope,
    id: ResponseId,
    /// The number of the event that it reads next.
    next: u64,
    /// The number of the event from which on the store is asked.
    from: u64,
    /// The response has ended, and the store is asked once more.
    last_look: bool,
    pieces: mpsc::Sender<Bytes>,
    keep_alive: Duration,
    last_sent: Instant,
    _ticket: Ticket,
}

/// Why nothing more is sent.
enum Stop {
    /// The client left, or has everything.
    Done,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Replay {
    /// A stream that ends early has no terminal event: whoever reads it resumes.
    async fn run(mut self) {
        let (cut, pieces) = (self.gateway.cut.clone(), self.pieces.clone());
        let stopped = tokio::select! {
            stopped = self.send_all() => stopped,
            () = pieces.closed() => return,
            () = cut.cancelled() => return,
        };
        if let Stop::Store(error) = stopped {
            tracing::warn!(response.id = %self.id, %error, "events cannot be read");
        }
    }

    async fn send_all(&mut self) -> Stop {
        loop {
            if let Err(stop) = self.step().await {
                return stop;
            }
        }
    }

    /// Sends what is there; waits when there is nothing.
    async fn step(&mut self) -> Result<(), Stop> {
        // Before the store is asked: what is written after that wakes us.
        let presence = self.gateway.here.find(&self.id);
        let news = presence.map(|presence| presence.subscribe());
        let page = self.gateway.jobs.events(&self.scope, &self.id, self.from).await?;
        self.from = self.next;
        if !page.is_empty() {
            return self.send(page).await;
        }
        // It runs here: whether it has ended need not be asked.
        if news.as_ref().is_some_and(|news| news.has_changed().is_ok()) {
            return self.wait(news).await;
        }
        match self.gateway.jobs.job(&self.scope, &self.id).await? {
            Some(state) if state.kept_until.is_none() => self.wait(news).await,
            // The last ones may have come between the two questions. If not, they have been deleted.
            Some(state) if self.next < state.events && !self.last_look => {
                self.last_look = true;
                Ok(())
            }
            _ => Err(Stop::Done),
        }
    }

    async fn send(&mut self, page: Vec<Events>) -> Result<(), Stop> {
        for events in page {
            // What is missing has been deleted; who goes on must not believe that nothing was.
            if events.first > self.next {
                return Err(Stop::Done);
            }
            let end = events.first + events.count;
            let frames = behind(&events.frames, self.next.saturating_sub(events.first));
            (self.next, self.from) = (end, end);
            if frames.is_empty() {
                continue;
            }
            self.pieces.send(frames).await.map_err(|_| Stop::Done)?;
            self.last_sent = Instant::now();
        }
        Ok(())
    }

    async fn wait(&mut self, news: Option<watch::Receiver<u64>>) -> Result<(), Stop> {
        let next = self.next;
        let written = async {
            match news {
                // It has ended when the sender is gone.
                Some(mut news) => drop(news.wait_for(|written| *written > next).await),
                None => tokio::time::sleep(POLL).await,
            }
        };
        tokio::select! {
            () = written => Ok(()),
            () = tokio::time::sleep_until(self.last_sent + self.keep_alive) => {
                let comment = Bytes::from_static(COMMENT_KEEP_ALIVE);
                self.pieces.send(comment).await.map_err(|_| Stop::Done)?;
                self.last_sent = Instant::now();
                Ok(())
            }
        }
    }
}

/// What follows the first `skipped` frames.
fn behind(frames: &Bytes, skipped: u64) -> Bytes {
    let ends = memmem::find_iter(frames, b"\n\n");
    let from = match usize::try_from(skipped) {
        Ok(0) => 0,
        Ok(skipped) => ends.map(|at| at + 2).nth(skipped - 1).unwrap_or(frames.len()),
        Err(_) => frames.len(),
    };
    frames.slice(from..)
}

#[cfg(test)]
mod tests;
