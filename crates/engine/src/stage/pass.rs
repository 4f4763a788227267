//! Same protocol on both sides: the bytes go through (design decision 4).
//!
//! Only the fields that must differ are spliced; usage is watched from the side.

use bytes::Bytes;
use transom_core::failure::Failure;
use transom_core::port::upstream::{UpstreamReply, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;
use transom_core::usage::Usage;
use transom_wire::splice::{Edits, UsageChunk, rewrite};
use transom_wire::tap::{self, UsageTap};

use crate::answer::{MAX_ANSWER, check_status, check_type, collect};
use crate::call::Reply;
use crate::gateway::Gateway;
use crate::stage::admit::Ticket;
use crate::stage::screen::Passage;
use crate::stage::settle::{Outcome, Settlement};

mod tapped;

use tapped::{Tapped, Watch};

impl Gateway {
    /// Sends the request on and its answer back. A client that leaves drops this future, which
    /// closes the connection to the model server.
    pub(crate) async fn pass(&self, passage: Passage, ticket: Ticket) -> Result<Reply, Failure> {
        let mut settlement = Settlement::open(&self.metrics, passage.route.label());
        let edits = Edits {
            model: None,
            usage: UsageChunk::InStreams,
            remove: self.settings.shield.removed(),
        };
        let body = rewrite(&passage.body, &passage.head, &edits);
        let exchange = async {
            let reply = self
                .upstream
                .call(UpstreamRequest { route: passage.route.upstream(), body })
                .await?;
            let reply = check_status(reply).await?;
            if !passage.head.stream {
                return whole(reply).await;
            }
            check_type(&reply.headers, "text/event-stream")?;
            Ok(Answer::Begun(reply))
        };
        let answer = tokio::select! {
            answer = exchange => answer.map_err(Failure::from),
            () = self.cut.cancelled() => Err(Failure::ShuttingDown),
        };
        match answer.inspect_err(|failure| settlement.failed(failure))? {
            Answer::Whole(body, usage) => {
                settlement.ended(Outcome::Completed, usage);
                Ok(Reply::Json(body))
            }
            Answer::Begun(reply) => Ok(self.stream(&passage, reply, settlement, ticket)),
        }
    }

    fn stream(
        &self,
        passage: &Passage,
        reply: UpstreamReply,
        settlement: Settlement,
        ticket: Ticket,
    ) -> Reply {
        let usage_chunk = if passage.head.wants_usage() {
            tap::UsageChunk::Forward
        } else {
            tap::UsageChunk::Hide
        };
        let watch = Watch {
            tap: UsageTap::new(usage_chunk, self.settings.event_bytes),
            keep_alive: self.settings.keep_alive,
            cut: self.cut.clone(),
            settlement,
            ticket,
        };
        Reply::Events(Box::pin(Tapped::new(reply.body, watch)))
    }
}

enum Answer {
    Whole(Bytes, Option<Usage>),
    Begun(UpstreamReply),
}

/// Reads a whole answer before the client gets any of it, so that a cut answer is an error and
/// never half of a success.
async fn whole(reply: UpstreamReply) -> Result<Answer, UpstreamError> {
    check_type(&reply.headers, "application/json")?;
    let body = collect(reply.body, MAX_ANSWER).await?;
    let usage = tap::read_body(&body)?;
    Ok(Answer::Whole(body, usage))
}
