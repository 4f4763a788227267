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
        if !self.runs((scope, id)).await? {
            return Ok(());
        }
        let Some(orphan) = self.jobs.seize(scope, id, self.lease()).await? else { return Ok(()) };
        match self.end(orphan, &End::Cancelled).await {
            Ok(()) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn runs(&self, (scope, id): Owned<'_>) -> Result<bool, Failure> {
        let job = self.jobs.job(scope, id).await?;
        Ok(job.is_some_and(|job| job.kept_until.is_none()))
    }
}
