//! Answers a request once for its `Idempotency-Key`.
//!
//! Who comes first claims the key with a [`Promise`] and answers. Who comes with the same key meanwhile is
//! told to wait, and who comes later gets the same answer, without a model. Kept is an answer that
//! succeeded, before the last of it leaves; everything else gives the key back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use transom_core::caller::Principal;
use transom_core::failure::{Failure, Repeated};
use transom_core::id::ClaimId;
use transom_core::port::once::{BodyHash, Claim, Claimed, Entry, Form, Kept, Name};

use crate::call::{Again, Once, Reply};
use crate::gateway::Gateway;
use crate::held::LEASE;

mod promise;
mod watched;

#[cfg(test)]
mod tests;

pub(crate) use promise::Promise;
use promise::Terms;
use watched::Watched;

/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// The pause between two looks for what has run out.
const SWEEP: Duration = Duration::from_mins(1);

/// What a request's key makes of it.
pub(crate) enum First {
    /// It is answered, and the answer kept if there is a key.
    Anew(Option<Promise>),
    /// It has been answered before.
    Again(Reply),
}

impl Gateway {
    /// Claims the key of a request with this body.
    pub(crate) async fn once(
        self: &Arc<Self>,
        caller: &Principal,
        route: &str,
        once: Option<Once>,
        body: &[u8],
    ) -> Result<First, Failure> {
        let Some(Once { key, request }) = once else { return Ok(First::Anew(None)) };
        let body = BodyHash(Sha256::digest(body).into());
        let terms = Terms {
            store: Arc::clone(&self.once),
            clock: Arc::clone(&self.clock),
            scope: caller.scope.clone(),
            name: Name { route: route.to_owned(), key },
            holder: ClaimId::fresh(self.ids.as_ref()),
        };
        let now = terms.clock.now();
        let (holder, until) = (terms.holder.clone(), now.after(LEASE));
        // From here on: a client that leaves before the store has answered takes this future along, and
        // the key has been asked for.
        let mut promise = Promise::new(terms, self.tracker.clone());
        match promise.claim(Claim { holder, request, body, now, until }).await? {
            Claimed::Granted => Ok(First::Anew(Some(promise))),
            Claimed::Taken(entry) => self.again(caller, entry, body).await.map(First::Again),
        }
    }

    /// Ends the stage where nobody has taken the promise: a whole answer is kept, a stream is watched for
    /// its end, and a failure gives the key back before it is told.
    pub(crate) async fn settle_once(
        &self,
        promise: Option<Promise>,
        answered: Result<Reply, Failure>,
    ) -> Result<Reply, Failure> {
        let Some(promise) = promise else { return answered };
        match answered {
            Ok(Reply::Json(bytes)) => {
                // On a task: a client that leaves now gets the same answer when it asks again.
                let keep = promise.keep(Form::Json, bytes.clone(), None).in_current_span();
                drop(self.tracker.spawn(keep).await);
                Ok(Reply::Json(bytes))
            }
            Ok(Reply::Events(body)) => {
                Ok(Reply::Events(Box::pin(Watched::new(body, promise, self.tracker.clone()))))
            }
            // A turn has taken its promise along.
            Ok(reply @ (Reply::Again(_) | Reply::Shortened(..))) => Ok(reply),
            Err(failure) => {
                promise.release().await;
                Err(failure)
            }
        }
    }

    /// What a repeat gets.
    async fn again(
        self: &Arc<Self>,
        caller: &Principal,
        entry: Entry,
        body: BodyHash,
    ) -> Result<Reply, Failure> {
        if entry.body != body {
            return Err(Failure::Repeated(Repeated::OtherBody));
        }
        let reply = match entry.kept {
            None => return Err(Failure::Repeated(Repeated::InFlight)),
            Some(Kept::TooLarge) => return Err(Failure::Repeated(Repeated::TooLarge)),
            Some(Kept::Answer { form: Form::Json, bytes, .. }) => Reply::Json(bytes),
            Some(Kept::Answer { form: Form::Events, bytes, .. }) => replay(bytes),
            // What runs in the background is shown as it is by now.
            Some(Kept::Response { id, form: Form::Json }) => {
                let object = self.response(caller, id.as_str()).await?;
                Reply::Json(Bytes::copy_from_slice(object.get().as_bytes()))
            }
            Some(Kept::Response { id, form: Form::Events }) => {
                self.resume(caller, id.as_str(), None).await?
            }
        };
        Ok(Reply::Again(Again { request: entry.request, reply: Box::new(reply) }))
    }

    /// Deletes answers that have run out, until it is told to stop.
    pub async fn forget_answers(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
            loop {
                match self.once.sweep(self.clock.now()).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "old answers could not be deleted");
                        break;
                    }
                }
            }
        }
    }
}

fn replay(bytes: Bytes) -> Reply {
    Reply::Events(Box::pin(Full::new(bytes)))
}
