//! Where a turn's bytes come from: the call of the model, and what its server sends. The client is
//! kept from believing that the connection is dead meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::Instant;
use transom_core::backend::ApiKind;
use transom_core::failure::Failure;
use transom_core::port::upstream::UpstreamBody;
use transom_wire::sse::COMMENT_KEEP_ALIVE;

use super::Running;
use crate::background::Pause;
use crate::dispatch::job::Native;
use crate::dispatch::{Opened, Served, hidden};

impl Running {
    /// Has the model called. A client that has waited for a while gets the beginning of its stream
    /// meanwhile; until then a failure keeps its status.
    pub(super) async fn open(&mut self) -> Result<(VecDeque<Bytes>, UpstreamBody), Failure> {
        self.make_room().await?;
        let called = Instant::now();
        let served = loop {
            match self.dispatch().await {
                Ok(served) => break served,
                Err(failure) if self.make_more_room(&failure) => {}
                Err(failure) => self.pause(failure).await?,
            }
        };
        let Opened::Stream { first_content, held, rest } = served.opened else {
            return Err(Failure::Internal("a whole answer to a stream".into()));
        };
        let first_token = first_content.saturating_duration_since(called);
        self.gateway.metrics.first_token.observe(first_token.as_secs_f64());
        self.journal.first_event(first_token);
        self.decoder = self.expectation.decoder(served.speaks);
        if served.speaks == ApiKind::Responses
            && let Native::Body(body) = &self.job.native
        {
            self.journal.sent(|| body(&self.job.asked));
        }
        self.upstream_name = served.names.map(|names| names.upstream);
        self.flight = Some(served.flight);
        Ok((held, rest))
    }

    /// Waits before the model is asked again, where nobody waits for the answer: a turn in the
    /// background that could not begin. Every other failure is the turn's.
    async fn pause(&mut self, failure: Failure) -> Result<(), Failure> {
        let random = self.gateway.random();
        let pause = self.background.as_mut().and_then(|job| job.pause(&failure, random));
        let Some(Pause { length, first }) = pause else { return Err(failure) };
        let seconds = length.as_secs_f64();
        if first {
            tracing::info!(%failure, seconds, "asked again after a pause");
        } else {
            tracing::debug!(%failure, seconds, "asked again after a pause");
        }
        let drain = self.gateway.drain.clone();
        tokio::select! {
            () = tokio::time::sleep(length) => Ok(()),
            () = self.sink.gone() => Err(Failure::Cancelled),
            () = drain.cancelled() => Err(Failure::ShuttingDown),
        }
    }

    async fn dispatch(&mut self) -> Result<Served, Failure> {
        let drain = self.gateway.drain.clone();
        let mut opening = Box::pin(Arc::clone(&self.gateway).dispatch(Arc::clone(&self.job)));
        loop {
            let silent = self.last_sent + self.keep_alive;
            let may_begin = self.sink.can_stream() && self.may_begin();
            tokio::select! {
                served = &mut opening => return served,
                () = self.sink.gone() => return Err(Failure::Cancelled),
                () = self.cut.cancelled() => return Err(Failure::ShuttingDown),
                // Nobody has seen anything of it: another gateway can do it as well.
                () = drain.cancelled(), if self.background.is_some() => {
                    return Err(Failure::ShuttingDown);
                }
                () = tokio::time::sleep_until(silent), if may_begin => {
                    self.begin().await?;
                    self.out.extend_from_slice(COMMENT_KEEP_ALIVE);
                    self.flush().await?;
                }
            }
        }
    }

    /// The next bytes of the model server; `None` at the end. A stream that has been silent
    /// towards the client gets a comment, also while the model server sends what makes no event.
    pub(super) async fn next_chunk(
        &mut self,
        body: &mut UpstreamBody,
    ) -> Result<Option<Bytes>, Failure> {
        let streams = self.sink.is_stream();
        loop {
            let silent = self.last_sent + self.keep_alive;
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = self.sink.gone() => return Err(Failure::Cancelled),
                () = self.cut.cancelled() => return Err(Failure::ShuttingDown),
                () = tokio::time::sleep_until(silent), if streams => {
                    self.out.extend_from_slice(COMMENT_KEEP_ALIVE);
                    self.flush().await?;
                    continue;
                }
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        return Ok(Some(chunk));
                    }
                }
            }
        }
    }

    /// Gives the place at the deployment back, with a judgement.
    pub(super) fn land(&mut self, failure: Option<&Failure>) {
        let Some(mut flight) = self.flight.take() else { return };
        let now = tokio::time::Instant::now().into_std();
        match failure {
            None => flight.ended(self.encoder.transcript().usage(), now),
            Some(Failure::Upstream(error)) => {
                flight.failed(error, now);
                self.gateway.suspect(&self.job, flight, error);
            }
            // The client left, or the gateway stops: nothing is said about the deployment.
            Some(_) => {}
        }
    }

    pub(super) fn without_name(&self, failure: Failure) -> Failure {
        match (failure, &self.upstream_name) {
            (Failure::Upstream(error), Some(upstream)) => {
                Failure::Upstream(hidden(error, upstream, &self.job.asked))
            }
            (failure, _) => failure,
        }
    }
}
