//! Requests that kill servers.
//!
//! A failover that works well can carry one deadly request through a whole fleet. A request whose
//! server died under it is remembered, and after some deaths it is refused for a while
//! (`reliability-security.md` row A29). Only a request that was in prefill, or alone in flight, is
//! held responsible: others merely stood near. A whole answer does not show where its server was, so
//! a request for one is held responsible only when it was alone.

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use transom_core::failure::Failure;
use transom_core::port::upstream::{Patience, Route, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;

use super::Job;
use super::attempt::now;
use super::opened::{Broken, Progress};
use crate::catalog::Flight;
use crate::gateway::Gateway;

/// A server that dies later than this after it got a request did not die of it.
const SUSPECT_FOR: Duration = Duration::from_secs(5);

/// How long a server that dropped a request is given to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);

impl Gateway {
    /// Refuses a request that has killed servers.
    pub(super) fn refuse_poison(&self, job: &Job) -> Result<(), Failure> {
        // Long bodies are hashed only while there is something to compare them with.
        if self.poison().is_empty() {
            return Ok(());
        }
        let fingerprint = self.fingerprint(&job.original);
        let refuses = self.poison().refuses(fingerprint, now());
        if refuses { Err(Failure::Poisoned) } else { Ok(()) }
    }

    /// What tells a request when it comes again. Its hash is keyed, so that nobody can make a
    /// request that looks like somebody else's.
    fn fingerprint(&self, body: &Bytes) -> u64 {
        self.hasher.hash_one(body.as_ref())
    }

    /// Strikes a request whose server died under it before its client saw anything.
    pub(super) async fn note_death(&self, job: &Job, flight: &Flight, broken: &Broken) {
        let in_prefill = broken.progress == Progress::Prefill;
        if is_death(&broken.error, flight) && (in_prefill || flight.is_alone(now())) {
            self.strike_if_dead(&job.original, flight).await;
        }
    }

    /// Strikes a request whose server died under it after it had given content, if no other request
    /// was there.
    pub(crate) fn suspect(self: &Arc<Self>, job: &Arc<Job>, flight: Flight, error: &UpstreamError) {
        if !is_death(error, &flight) || !flight.is_alone(now()) {
            return;
        }
        let (gateway, job) = (Arc::clone(self), Arc::clone(job));
        self.tracker.spawn(async move { gateway.strike_if_dead(&job.original, &flight).await });
    }

    /// A lost connection is not a death: the server is asked whether it lives.
    async fn strike_if_dead(&self, original: &Bytes, flight: &Flight) {
        let request = UpstreamRequest {
            route: Route::Models,
            body: Bytes::new(),
            patience: Patience {
                first_byte: SIGN_OF_LIFE,
                idle: SIGN_OF_LIFE,
                total: SIGN_OF_LIFE,
            },
        };
        let answer = match flight.target.upstream.call(request).await {
            Ok(reply) => reply.body.collect().await.map(drop),
            Err(error) => Err(error),
        };
        // Who shows a certificate lives, however little it is to be trusted.
        let dead = answer.err().filter(|error| !matches!(error, UpstreamError::Tls { .. }));
        if let Some(error) = dead {
            tracing::warn!(
                deployment = %flight.target.deployment.id,
                %error,
                "a model server died while it had a request",
            );
            let fingerprint = self.fingerprint(original);
            self.poison().strike(fingerprint, now());
        }
    }
}

/// Whether a server may have died of a request that broke like this.
fn is_death(error: &UpstreamError, flight: &Flight) -> bool {
    let soon = now().saturating_duration_since(flight.started) <= SUSPECT_FOR;
    soon && matches!(error, UpstreamError::Truncated { .. })
}
