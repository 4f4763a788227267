//! Joins a request with the turns it continues.

use std::collections::HashSet;
use std::sync::Arc;

use transom_core::caller::Principal;
use transom_core::failure::{Failure, Invalid, Missing};
use transom_core::id::{ConversationId, ItemId, ResponseId};
use transom_core::item::Item;
use transom_core::port::conversations::ConversationLookup;
use transom_core::port::store::{History, Lookup};
use transom_wire::chat::check_pairing;
use transom_wire::responses::request::{Begin, CreateResponse, Past, Turn};

use crate::background::Birth;
use crate::gateway::Gateway;
use crate::held::Held;
use crate::live::Snapshot;
use crate::session::Session;
use crate::stage::unseal;

const PARAM: &str = "previous_response_id";

/// A request with the turns it continues.
pub(crate) struct Joined {
    /// What is run.
    pub(crate) turn: Turn,
    /// The conversation, or the first response of the chain: the same in each turn.
    pub(crate) root: String,
    /// The conversation that it works on.
    pub(crate) held: Option<Held>,
}

impl Gateway {
    /// Reads the history, out of the session as far as it goes there and the rest with one query,
    /// and makes the one [`Turn`] that is run. A conversation is taken before it is read, so that
    /// no other turn comes between.
    pub(crate) async fn rehydrate(
        &self,
        live: &Snapshot,
        caller: &Principal,
        session: Option<&Arc<Session>>,
        request: CreateResponse,
        birth: Birth,
    ) -> Result<Joined, Failure> {
        let mut held = match &request.conversation {
            None => None,
            Some(asked) => Some(self.hold(&caller.scope, asked, &birth.id).await?),
        };
        let conversation = held.as_ref().map(|held| held.conversation().clone());
        match self.join(live, caller, session, request, (birth, conversation)).await {
            Ok((turn, root)) => Ok(Joined { turn, root, held }),
            Err(failure) => {
                // Before the refusal goes out: a client that sends a better request finds it free.
                // What fails here is done when `held` is dropped.
                if let Some(held) = &mut held {
                    drop(held.release().await);
                }
                Err(failure)
            }
        }
    }

    /// Likewise for a request that changes nothing: a conversation is read while others may work on it.
    pub(crate) async fn read_along(
        &self,
        live: &Snapshot,
        caller: &Principal,
        request: CreateResponse,
        birth: Birth,
    ) -> Result<Joined, Failure> {
        let conversation = request.conversation.as_deref().map(|asked| {
            let (id, param) = (asked.to_owned(), "conversation");
            ConversationId::parse(asked)
                .ok_or(Failure::NotFound(Missing::Conversation { id, param }))
        });
        let conversation = conversation.transpose()?;
        let (turn, root) = self.join(live, caller, None, request, (birth, conversation)).await?;
        Ok(Joined { turn, root, held: None })
    }

    async fn join(
        &self,
        live: &Snapshot,
        caller: &Principal,
        session: Option<&Arc<Session>>,
        mut request: CreateResponse,
        (birth, conversation): (Birth, Option<ConversationId>),
    ) -> Result<(Turn, String), Failure> {
        let in_conversation = conversation.is_some();
        let (mut past, root) = match (&conversation, &request.previous_response_id) {
            (Some(conversation), _) => {
                let past = self.said(caller, conversation).await?;
                (past, Some(conversation.as_str().to_owned()))
            }
            (None, Some(id)) => {
                let depth = live.settings.history_depth;
                let history = self.history(caller, session, id, depth).await?;
                (Past::read(&history)?, Some(history.root.as_str().to_owned()))
            }
            (None, None) => (Past::default(), None),
        };
        let named = if conversation.is_some() { "conversation" } else { PARAM };
        unseal::past(&live.keyring, &caller.scope, &mut past.items, named)?;
        let mut given = std::mem::take(&mut request.input);
        unseal::new(&live.keyring, &caller.scope, &request.model, &mut given)?; // sealed items -> open
        let mut new = self.refer(&caller.scope, &past.items, given, "input").await?;
        if conversation.is_some() {
            refuse_twice(&past, &new)?;
        }
        unseal::past(&live.keyring, &caller.scope, &mut new, "input")?;
        let (Birth { id, created_at }, ids) = (birth, self.ids.as_ref());
        let mut turn = request.resolve(past, new, Begin { id, created_at, conversation, ids })?;
        let nothing_said =
            turn.generation.input.is_empty() && turn.generation.instructions.is_none();
        if in_conversation && nothing_said {
            let message = "The conversation has no items yet: send 'input'.".to_owned();
            return Err(Failure::invalid("input", "missing_required_parameter", message));
        }
        check_pairs(&turn)?;
        let inherited = turn.generation.input.len().saturating_sub(turn.input.len());
        self.files.read(&mut turn.generation.input, "input", inherited).await?;
        // The first turn of a chain is its own root.
        let root = root.unwrap_or_else(|| turn.head.id.as_str().to_owned());
        Ok((turn, root))
    }

    /// The items of a conversation that is held.
    async fn said(&self, caller: &Principal, id: &ConversationId) -> Result<Past, Failure> {
        match self.conversations.history(&caller.scope, id).await? {
            ConversationLookup::Found(items) => Past::of_items(&items),
            ConversationLookup::Missing => {
                let (id, param) = (id.as_str().to_owned(), "conversation");
                Err(Failure::NotFound(Missing::Conversation { id, param }))
            }
            ConversationLookup::TooLong => {
                let message = "The conversation is too long to be continued.".to_owned();
                Err(Failure::invalid("conversation", "conversation_too_long", message))
            }
        }
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
            Lookup::Found(history) if !history.status.is_final() => {
                Err(Failure::InProgress(id.clone()))
            }
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

/// Every item of a conversation has an id of its own. Said before the model is asked: the commit would
/// be too late.
fn refuse_twice(past: &Past, input: &[Item]) -> Result<(), Failure> {
    let known: HashSet<&str> = past.items.iter().filter_map(Item::id).map(ItemId::as_str).collect();
    for (at, item) in input.iter().enumerate() {
        if item.id().is_some_and(|id| known.contains(id.as_str())) {
            let message = "The conversation has an item with this id already. Send new items only.";
            let param = format!("input[{at}].id");
            return Err(Failure::invalid(&param, "duplicate_item", message.to_owned()));
        }
    }
    Ok(())
}

fn check_pairs(turn: &Turn) -> Result<(), Failure> {
    let inherited = turn.generation.input.len().saturating_sub(turn.input.len());
    check_pairing(&turn.generation.input).map_err(|unpaired| {
        let at = unpaired.index.checked_sub(inherited);
        Failure::Invalid(Invalid {
            param: Some(at.map_or_else(|| "input".to_owned(), |at| format!("input[{at}]"))),
            code: "invalid_value",
            message: unpaired.to_string(),
        })
    })
}
