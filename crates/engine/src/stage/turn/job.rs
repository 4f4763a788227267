//! The end of a turn in the background: its last events are written with its record.

use bytes::BytesMut;
use transom_core::failure::Failure;
use transom_core::port::jobs::JobEnd;
use transom_wire::responses::encode::Finished;

use super::{Running, Sink};
use crate::stage::settle::Outcome;

/// What had not been sent before the end was told, and the number of the event that came next.
pub(super) struct Unsent {
    frames: BytesMut,
    written: u64,
}

impl Running {
    /// Writes the terminal event of a turn in the background, before its record and with it: nobody
    /// sees it before both are durable. Every other turn tells of its end after the commit.
    pub(super) fn tell_of_end(&mut self, finished: &Finished) -> Option<Unsent> {
        self.background.as_ref()?;
        let unsent = Unsent { frames: self.out.clone(), written: self.encoder.written() };
        self.encoder.terminal(finished, &mut self.out);
        Some(unsent)
    }

    /// The end was not to be.
    pub(super) fn take_back(&mut self, unsent: Option<Unsent>) {
        if let Some(Unsent { frames, written }) = unsent {
            self.out = frames;
            self.encoder.rewind(written);
        }
    }

    /// The end of the job with all events that have not been written yet; `None` for a turn that has
    /// no job. Fails when somebody else runs it, or its events could not be written: then whoever
    /// takes it over ends it.
    pub(super) async fn job_end(&mut self) -> Result<Option<JobEnd>, Failure> {
        let (Some(job), Sink::Log(log)) = (&self.background, &self.sink) else { return Ok(None) };
        // Somebody else may be its holder by now, or this process once more: a turn that was taken away
        // says nothing about it.
        if job.is_taken() || !log.settle().await {
            return Err(Failure::Cancelled);
        }
        let events = log.last(self.out.clone().freeze(), self.encoder.written());
        Ok(Some(job.end(events, self.gateway.clock.as_ref())))
    }

    /// A turn in the background whose gateway goes down: one that nobody has seen anything of is left
    /// to another gateway (`None`), every other one is interrupted.
    pub(super) async fn hand_over(&mut self, failure: Failure) -> Option<Failure> {
        let (Failure::ShuttingDown, Sink::Log(log)) = (&failure, &self.sink) else {
            return Some(failure);
        };
        if log.has_begun() {
            return Some(Failure::Interrupted);
        }
        // The conversation stays with the response: the next gateway takes it by the same name. Nobody
        // else may come between.
        self.ledger.keep_conversation();
        let (scope, id) = (&self.ledger.scope, &self.ledger.head.id);
        match self.gateway.jobs.let_go(scope, id, &self.gateway.holder).await {
            Ok(()) => tracing::info!(response.id = %id, "left to another gateway"),
            // Its lease runs out by itself.
            Err(error) => tracing::warn!(response.id = %id, %error, "not left to another gateway"),
        }
        self.settlement.ended(Outcome::HandedOver, None);
        None
    }
}
