//! Conversations that turns work on: one at a time, across all gateways with the same store.
//!
//! A lease in the store keeps others away (they get a 409 before a model is asked), and the commit
//! fails without it. It is renewed while the turn runs, given back with the commit, and runs out on its
//! own when the gateway dies.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use transom_core::clock::Clock;
use transom_core::failure::{Failure, Missing};
use transom_core::id::{ConversationId, ResponseId};
use transom_core::port::conversations::{ConversationStore, Lease};
use transom_core::port::store::{StoreError, StoredItem};
use transom_core::scope::Scope;

use crate::gateway::Gateway;

/// How long a gateway that died keeps others away.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// The pause between two renewals. Two of them may fail.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);

/// A conversation that is held by one turn. Dropped, it is given back in the background.
pub(crate) struct Held {
    terms: Terms,
    tracker: TaskTracker,
    /// Nothing has to be given back any more.
    over: bool,
    _renewing: DropGuard,
}

/// Who holds what.
#[derive(Clone)]
struct Terms {
    store: Arc<dyn ConversationStore>,
    clock: Arc<dyn Clock>,
    scope: Scope,
    conversation: ConversationId,
    holder: ResponseId,
}

impl Gateway {
    /// Takes a conversation for the turn that writes this response.
    pub(crate) async fn hold(
        &self,
        scope: &Scope,
        asked: &str,
        holder: &ResponseId,
    ) -> Result<Held, Failure> {
        let missing = || {
            let (id, param) = (asked.to_owned(), "conversation");
            Failure::NotFound(Missing::Conversation { id, param })
        };
        let conversation = ConversationId::parse(asked).ok_or_else(missing)?;
        let stop = CancellationToken::new();
        let mut held = Held {
            terms: Terms {
                store: Arc::clone(&self.conversations),
                clock: Arc::clone(&self.clock),
                scope: scope.clone(),
                conversation,
                holder: holder.clone(),
            },
            tracker: self.tracker.clone(),
            // From here on: a client that leaves before the store has answered takes this future
            // along, and the lease has been asked for.
            over: false,
            _renewing: stop.clone().drop_guard(),
        };
        let terms = held.terms.clone();
        let (now, holder) = (terms.clock.now(), terms.holder.clone());
        let lease = Lease { holder, now, until: now.after(LEASE) };
        if terms.store.lease(scope, &terms.conversation, lease).await? {
            self.tracker.spawn(terms.renew(stop));
            return Ok(held);
        }
        held.over = true;
        match terms.store.find(scope, &terms.conversation).await? {
            None => Err(missing()),
            Some(_) => Err(Failure::ConversationLocked(terms.conversation)),
        }
    }
}

impl Held {
    /// The conversation.
    pub(crate) fn conversation(&self) -> &ConversationId {
        &self.terms.conversation
    }

    /// Somebody else has given it back: a commit does.
    pub(crate) fn over(&mut self) {
        self.over = true;
    }

    /// Gives it back as it was. A store that fails is tried again in the background.
    pub(crate) async fn release(&mut self) -> Result<(), StoreError> {
        self.terms.release().await?;
        self.over = true;
        Ok(())
    }

    /// Adds items and gives it back.
    pub(crate) async fn extend(&mut self, items: Vec<StoredItem>) -> Result<(), StoreError> {
        let Terms { store, scope, conversation, holder, .. } = &self.terms;
        store.extend(scope, conversation, holder, items).await?;
        self.over = true;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Without a runtime the program is at its end, and the lease runs out by itself.
        if let (false, Ok(runtime)) = (self.over, tokio::runtime::Handle::try_current()) {
            let terms = self.terms.clone();
            let release = async move {
                if let Err(error) = terms.release().await {
                    let conversation = terms.conversation.as_str();
                    tracing::warn!(conversation, %error, "a conversation stays locked for a while");
                }
            };
            self.tracker.spawn_on(release, &runtime);
        }
    }
}

impl Terms {
    async fn release(&self) -> Result<(), StoreError> {
        self.store.release(&self.scope, &self.conversation, &self.holder).await.map(drop)
    }

    async fn renew(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(RENEWAL)).await.is_some() {
            let until = self.clock.now().after(LEASE);
            let renewed =
                self.store.renew(&self.scope, &self.conversation, &self.holder, until).await;
            match renewed {
                Ok(true) => {}
                // The commit will say so.
                Ok(false) => return,
                Err(error) => {
                    let conversation = self.conversation.as_str();
                    tracing::warn!(conversation, %error, "a lease could not be renewed");
                }
            }
        }
    }
}
