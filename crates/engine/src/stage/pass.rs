//! Same protocol on both sides: the bytes go through (design decision 4).
//!
//! Only the fields that must differ are spliced; usage is watched from the side.

use std::sync::Arc;

use tracing::Instrument as _;
use transom_core::failure::Failure;
use transom_wire::tap;

use crate::call::Reply;
use crate::dispatch::{Job, Opened};
use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::stage::admit::Ticket;
use crate::stage::screen::Passage;
use crate::stage::settle::{Outcome, Settlement};

mod tapped;

use tapped::{Opening, Tapped, Watch};

impl Gateway {
    /// Has the request served and hands its answer on. A client that leaves drops this future or
    /// the stream, which closes the connection to the model server.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        live: &Snapshot,
        passage: Passage,
        job: Job,
        ticket: Ticket,
    ) -> Result<Reply, Failure> {
        let settlement = Settlement::open(&self.metrics, passage.route.path());
        let job = Arc::new(job);
        // The span names the request in what is logged after its handler has returned.
        let opening = Arc::clone(self).dispatch(Arc::clone(&job)).in_current_span();
        let opening: Opening = Box::pin(opening);
        if passage.head.stream {
            let watch = self.watch(live, &passage, job, settlement, ticket);
            return begin(opening, watch).await;
        }
        self.whole(opening, settlement).await
    }

    async fn whole(&self, opening: Opening, mut settlement: Settlement) -> Result<Reply, Failure> {
        let served = tokio::select! {
            served = opening => served,
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        };
        let mut served = served.inspect_err(|failure| settlement.failed(failure))?;
        let Opened::Whole(answer) = served.opened else {
            return Err(Failure::Internal("a stream where none was asked for".into()));
        };
        served.flight.ended(answer.usage, tokio::time::Instant::now().into_std());
        settlement.ended(Outcome::Completed, answer.usage);
        Ok(Reply::Json(answer.body))
    }

    fn watch(
        self: &Arc<Self>,
        live: &Snapshot,
        passage: &Passage,
        job: Arc<Job>,
        settlement: Settlement,
        ticket: Ticket,
    ) -> Watch {
        Watch {
            usage_chunk: if passage.head.wants_usage() {
                tap::UsageChunk::Forward
            } else {
                tap::UsageChunk::Hide
            },
            event_bytes: live.settings.event_bytes,
            keep_alive: live.settings.keep_alive,
            gateway: Arc::clone(self),
            job,
            settlement,
            ticket,
        }
    }
}

/// Waits for the first content of a stream, so that an early failure keeps its status. A client
/// that has waited for a while gets the head of its answer and comments meanwhile: what goes wrong
/// after that is told in the stream.
async fn begin(mut opening: Opening, mut watch: Watch) -> Result<Reply, Failure> {
    let cut = watch.gateway.cut.clone();
    let served = tokio::select! {
        served = &mut opening => served,
        () = cut.cancelled() => Err(Failure::ShuttingDown),
        () = tokio::time::sleep(watch.keep_alive) => {
            return Ok(Reply::Events(Box::pin(Tapped::opening(opening, watch))));
        }
    };
    let served = served.inspect_err(|failure| watch.settlement.failed(failure))?;
    Ok(Reply::Events(Box::pin(Tapped::flowing(served, watch))))
}

#[cfg(test)]
mod tests;
