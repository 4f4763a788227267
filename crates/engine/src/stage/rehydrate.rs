//! Joins a request with the turns it continues.

use transom_core::caller::Principal;
use transom_core::failure::{Failure, Invalid};
use transom_core::id::ResponseId;
use transom_core::port::store::{History, Lookup};
use transom_wire::chat::check_pairing;
use transom_wire::responses::request::{Begin, CreateResponse, Past, Turn};

use crate::gateway::Gateway;
use crate::live::Snapshot;

const PARAM: &str = "previous_response_id";

/// A request with the turns it continues.
pub(crate) struct Joined {
    /// What is run.
    pub(crate) turn: Turn,
    /// The first response of the conversation: the same in each of its turns.
    pub(crate) root: ResponseId,
}

impl Gateway {
    /// Reads the history with one query and makes the one [`Turn`] that is run.
    pub(crate) async fn rehydrate(
        &self,
        live: &Snapshot,
        caller: &Principal,
        request: CreateResponse,
    ) -> Result<Joined, Failure> {
        let (past, root) = match &request.previous_response_id {
            None => (Past::default(), None),
            Some(id) => {
                let history = self.history(live, caller, id).await?;
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
        live: &Snapshot,
        caller: &Principal,
        id: &str,
    ) -> Result<History, Failure> {
        // An id that cannot be ours is one that does not exist.
        let Some(parsed) = ResponseId::parse(id) else { return Err(missing(id)) };
        let depth = live.settings.history_depth;
        match self.store.history(&caller.scope, &parsed, depth).await? {
            Lookup::Found(history) if history.status.continuable() => Ok(history),
            Lookup::Found(history) => {
                let message = format!(
                    "Response '{id}' is {} and cannot be continued.",
                    history.status.word()
                );
                Err(Failure::invalid(PARAM, "previous_response_not_continuable", message))
            }
            Lookup::Missing if self.in_progress.has(&caller.scope, &parsed) => {
                Err(Failure::InProgress(parsed))
            }
            Lookup::Missing => Err(missing(id)),
            Lookup::TooDeep => {
                let message = format!("The conversation has more than {depth} turns.");
                Err(Failure::invalid(PARAM, "conversation_too_long", message))
            }
        }
    }
}

fn missing(id: &str) -> Failure {
    let message = format!("Previous response with id '{id}' not found.");
    Failure::invalid(PARAM, "previous_response_not_found", message)
}
