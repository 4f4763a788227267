//! Who changes things.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::request::Parts;
use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_engine::settings::Access;

use super::refusal::Refusal;
use crate::app::App;
use crate::caller::bearer;

/// The header in which a tool says for whom it acts. It proves nothing and is for the log.
pub(super) const ACTOR: &str = "x-transom-actor";

/// The longest name of an actor, in bytes.
pub(super) const MAX_ACTOR: usize = 128;

/// The longest name of what is changed in the log, in characters.
const MAX_SUBJECT: usize = 256;

/// Somebody who may use the admin API.
#[derive(Clone)]
pub(super) struct Operator {
    /// As the gateway knows them.
    pub(super) caller: Principal,
    /// As the log names them.
    pub(super) actor: String,
}

/// Lets operators in, and nobody else.
pub(super) async fn admit(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let headers = request.headers();
    let caller = app.gateway.authenticate(bearer(headers)?.as_ref())?;
    // Without a key this listener is reached from this machine only.
    let keyed = matches!(app.gateway.snapshot().settings.access, Access::Key(_));
    if keyed && !caller.is_operator() {
        return Err(Failure::Unauthenticated.into());
    }
    let actor = actor(headers)?.unwrap_or_else(|| caller.scope.key.to_string());
    request.extensions_mut().insert(Operator { caller, actor });
    Ok(next.run(request).await)
}

fn actor(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(ACTOR) else { return Ok(None) };
    let name = value.to_str().ok().filter(|name| !name.is_empty() && name.len() <= MAX_ACTOR);
    let name = name.ok_or_else(|| {
        let message = format!("The header `{ACTOR}` must be 1 to {MAX_ACTOR} visible characters.");
        Failure::invalid(ACTOR, "invalid_value", message)
    })?;
    Ok(Some(name.to_owned()))
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let admitted = parts.extensions.get::<Self>().cloned();
        admitted.ok_or_else(|| Failure::Internal("a route without its door".into()).into())
    }
}

impl Operator {
    /// Logs what became of a change, once.
    pub(super) fn log<T>(&self, action: &str, subject: &str, result: &Result<T, Refusal>) {
        let end = subject.char_indices().nth(MAX_SUBJECT).map_or(subject.len(), |(at, _)| at);
        let (actor, subject) = (self.actor.as_str(), &subject[..end]);
        match result {
            Ok(_) => tracing::info!(actor, action, subject, "changed through the admin API"),
            Err(refusal) => {
                let why = refusal.public().message;
                tracing::warn!(actor, action, subject, "a change was refused: {why}");
            }
        }
    }
}
