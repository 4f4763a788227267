//! Joins a request with the turns it continues.

use std::sync::Arc;

use transom_core::caller::Principal;
use transom_core::failure::{Failure, Invalid};
use transom_core::id::ResponseId;
use transom_core::port::store::{History, Lookup};
use transom_wire::chat::check_pairing;
use transom_wire::responses::request::{Begin, CreateResponse, Past, Turn};

use crate::gateway::Gateway;
use crate::live::Snapshot;
use crate::session::Session;

const PARAM: &str = "previous_response_id";

/// A request with the turns it continues.
pub(crate) struct Joined {
    /// What is run.
    pub(crate) turn: Turn,
    /// The first response of the conversation: the same in each of its turns.
    pub(crate) root: ResponseId,
}

impl Gateway {
    /// Reads the history, out of the session as far as it goes there and the rest with one query,
    /// and makes the one [`Turn`] that is run.
    pub(crate) async fn rehydrate(
        &self,
        live: &Snapshot,
        caller: &Principal,
        session: Option<&Arc<Session>>,
        request: CreateResponse,
    ) -> Result<Joined, Failure> {
        let (past, root) = match &request.previous_response_id {
            None => (Past::default(), None),
            Some(id) => {
                let depth = live.settings.history_depth;
                let history = self.history(caller, session, id, depth).await?;
                (Past::read(&history)?, Some(history.root))
            }
        };
        let begin = Begin {
            id: ResponseId::fresh(self.ids.as_ref()),
            created_at: self.clock.now(),
            ids: self.ids.as_ref(),
        };
        let turn = request.resolve(past, begin)?;
        let inherited = turn.generation.input.len().saturating_sub(turn.input.len());
        check_pairing(&turn.generation.input).map_err(|unpaired| {
            let at = unpaired.index.checked_sub(inherited);
            Failure::Invalid(Invalid {
                param: Some(at.map_or_else(|| "input".to_owned(), |at| format!("input[{at}]"))),
                code: "invalid_value",
                message: unpaired.to_string(),
            })
        })?;
        // The first turn of a conversation is its own root.
        let root = root.unwrap_or_else(|| turn.head.id.clone());
        Ok(Joined { turn, root })
    }

    async fn history(
        &self,
        caller: &Principal,
        session: Option<&Arc<Session>>,
        id: &str,
        depth: u32,
    ) -> Result<History, Failure> {
        // An id that cannot be ours is one that does not exist.
        let Some(parsed) = ResponseId::parse(id) else { return Err(missing(id)) };
        let Some(recalled) = session.and_then(|session| session.recall(&parsed)) else {
            return self.stored_history(caller, &parsed, depth).await;
        };
        let left = depth.checked_sub(recalled.turns).ok_or_else(|| too_long(depth))?;
        match &recalled.before {
            None => Ok(recalled.history),
            // What the connection does not have it has from the store.
            Some(before) => {
                let stored = self.stored_history(caller, before, left).await?;
                Ok(recalled.behind(stored))
            }
        }
    }

    async fn stored_history(
        &self,
        caller: &Principal,
        id: &ResponseId,
        depth: u32,
    ) -> Result<History, Failure> {
        match self.store.history(&caller.scope, id, depth).await? {
            Lookup::Found(history) if history.status.continuable() => Ok(history),
            Lookup::Found(history) => {
                let message = format!(
                    "Response '{id}' is {} and cannot be continued.",
                    history.status.word()
                );
                Err(Failure::invalid(PARAM, "previous_response_not_continuable", message))
            }
            Lookup::Missing if self.in_progress.has(&caller.scope, id) => {
                Err(Failure::InProgress(id.clone()))
            }
            Lookup::Missing => Err(missing(id.as_str())),
            Lookup::TooDeep => Err(too_long(depth)),
        }
    }
}

fn too_long(depth: u32) -> Failure {
    let message = format!("The conversation has more than {depth} turns.");
    Failure::invalid(PARAM, "conversation_too_long", message)
}

fn missing(id: &str) -> Failure {
    let message = format!("Previous response with id '{id}' not found.");
    Failure::invalid(PARAM, "previous_response_not_found", message)
}
