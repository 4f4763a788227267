//! Ends a response in the background because its owner says so.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use transom_core::Json;
use transom_core::caller::Principal;
use transom_core::failure::{Failure, Missing};
use transom_core::id::ResponseId;
use transom_core::port::store::{StoreError, TurnStatus};
use transom_core::scope::Scope;
use transom_wire::responses::encode::End;
use transom_wire::responses::object::status_of;

use crate::gateway::Gateway;

/// How long whoever runs the response has to end it; then it is taken away. Another gateway learns
/// of it with its next renewal.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long after that a store that is not there is waited for: the response is marked already, and is
/// cancelled by whoever gets to it first.
const INSISTENCE: Duration = Duration::from_secs(15);

/// How often the store is asked whether a response that runs elsewhere has ended.
const POLL: Duration = Duration::from_millis(100);

/// A response and whose it is.
type Owned<'a> = (&'a Scope, &'a ResponseId);

impl Gateway {
    /// Cancels a response, and gives its object. One that is cancelled already stays as it is.
    pub async fn cancel_response(
        self: &Arc<Self>,
        caller: &Principal,
        id: &str,
    ) -> Result<Json, Failure> {
        let scope = &caller.scope;
        let missing = || Failure::NotFound(Missing::Response(id.to_owned()));
        let parsed = ResponseId::parse(id).ok_or_else(missing)?;
        let owned = (scope, &parsed);
        if self.jobs.job(scope, &parsed).await?.is_none() {
            self.store.response(scope, &parsed).await?.ok_or_else(missing)?;
            let message = "Only responses in the background can be cancelled.".to_owned();
            return Err(Failure::invalid("response_id", "response_not_cancellable", message));
        }
        if self.jobs.ask_to_cancel(scope, &parsed).await? {
            self.wait_for_end(owned).await?;
        }
        let object = self.store.response(scope, &parsed).await?.ok_or_else(missing)?;
        match status_of(&object) {
            Some(TurnStatus::Cancelled) => Ok(object),
            status => {
                let status = status.map_or("unknown", TurnStatus::word);
                let message = format!("Response '{id}' is {status} and cannot be cancelled.");
                Err(Failure::invalid("response_id", "response_not_cancellable", message))
            }
        }
    }

    /// Tells whoever runs the response, and waits; in the end it is ended without them.
    async fn wait_for_end(self: &Arc<Self>, (scope, id): Owned<'_>) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        match self.here.find(id) {
            Some(presence) => {
                presence.cancel.cancel();
                // In vain: it is looked at below.
                let _ = tokio::time::timeout_at(deadline, presence.ended()).await;
            }
            None => {
                while self.runs((scope, id)).await? && Instant::now() < deadline {
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        let deadline = Instant::now() + INSISTENCE;
        loop {
            match self.take_and_cancel((scope, id)).await {
                Ok(()) | Err(StoreError::Conflict) => return Ok(()),
                Err(StoreError::Unavailable(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn take_and_cancel(&self, (scope, id): Owned<'_>) -> Result<(), StoreError> {
        let job = self.jobs.job(scope, id).await?;
        if job.is_none_or(|job| job.kept_until.is_some()) {
            return Ok(());
        }
        match self.jobs.seize(scope, id, self.lease()).await? {
            Some(orphan) => self.end_orphan(orphan, &End::Cancelled).await,
            None => Ok(()),
        }
    }

    /// Whether it has not ended, as far as can be known: a store that is not there has not said that it
    /// has.
    async fn runs(&self, (scope, id): Owned<'_>) -> Result<bool, Failure> {
        match self.jobs.job(scope, id).await {
            Ok(job) => Ok(job.is_some_and(|job| job.kept_until.is_none())),
            Err(StoreError::Unavailable(_)) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
