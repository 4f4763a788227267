//! Conversations as clients make, read, change and delete them. Ids of others, deleted ids and ids that
//! never were are one case. The items of a conversation cannot be changed while a turn works on it.

use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use tracing::Instrument as _;
use transom_core::Json;
use transom_core::caller::Principal;
use transom_core::failure::{Failure, Missing};
use transom_core::id::ConversationId;
use transom_core::port::conversations::{ConversationPage, ConversationRecord, ItemLookup};
use transom_core::port::store::{ItemPage, PageQuery, StoreError, StoredItem};
use transom_core::scope::Scope;
use transom_wire::responses::conversation::{self, CreateConversation};
use transom_wire::responses::item::{InputItem, to_stored};
use transom_wire::scan;

use crate::call::{Once, Reply};
use crate::gateway::Gateway;
use crate::stage::admit::Ticket;
use crate::stage::once::First;
use crate::stage::screen::check_items;
use crate::stage::unseal;

/// A body that is not read yet.
pub type Incoming = BoxFuture<'static, Result<Bytes, Failure>>;

/// A request that makes something.
pub struct Posted {
    /// Its body.
    pub body: Incoming,
    /// Its `Idempotency-Key`, if it has one.
    pub once: Option<Once>,
}

impl Gateway {
    /// Makes a conversation; the object.
    pub async fn create_conversation(
        self: &Arc<Self>,
        caller: &Principal,
        posted: Posted,
    ) -> Result<Reply, Failure> {
        let (gateway, scope) = (Arc::clone(self), caller.scope.clone());
        self.make(caller, "/v1/conversations", posted, async move |body: Bytes| {
            gateway.create(&scope, &body).await
        })
        .await
    }

    async fn create(&self, scope: &Scope, body: &[u8]) -> Result<Bytes, Failure> {
        let CreateConversation { items, metadata } =
            self.understand(body, conversation::parse_create)?;
        let items = self.fit(scope, items).await?;
        let (id, created_at) = (ConversationId::fresh(self.ids.as_ref()), self.clock.now());
        let record = ConversationRecord { id, created_at, metadata };
        let object = conversation::to_json(&record);
        self.conversations.create(scope, record, items).await?;
        Ok(Bytes::copy_from_slice(object.get().as_bytes()))
    }

    /// A conversation's object.
    pub async fn conversation(&self, caller: &Principal, id: &str) -> Result<Json, Failure> {
        let found = self.conversations.find(&caller.scope, &parse(id)?).await?;
        found.map(|record| conversation::to_json(&record)).ok_or_else(|| missing(id))
    }

    /// Replaces the metadata; the object.
    pub async fn update_conversation(
        &self,
        caller: &Principal,
        id: &str,
        body: Incoming,
    ) -> Result<Json, Failure> {
        let (body, _ticket) = self.receive(body).await?;
        let metadata = self.understand(&body, conversation::parse_update)?;
        if !self.conversations.set_metadata(&caller.scope, &parse(id)?, metadata).await? {
            return Err(missing(id));
        }
        self.conversation(caller, id).await
    }

    /// Deletes a conversation and its items; what says so.
    pub async fn delete_conversation(&self, caller: &Principal, id: &str) -> Result<Json, Failure> {
        if !self.conversations.delete(&caller.scope, &parse(id)?).await? {
            return Err(missing(id));
        }
        Ok(conversation::deleted(id))
    }

    /// Adds items; the items with their ids, as `shown`.
    pub async fn add_items(
        self: &Arc<Self>,
        caller: &Principal,
        id: &str,
        posted: Posted,
        shown: fn(&ItemPage) -> Result<Bytes, Failure>,
    ) -> Result<Reply, Failure> {
        let (gateway, scope, owned) = (Arc::clone(self), caller.scope.clone(), id.to_owned());
        let route = format!("/v1/conversations/{id}/items");
        self.make(caller, &route, posted, async move |body: Bytes| {
            shown(&gateway.add(&scope, &owned, &body).await?)
        })
        .await
    }

    async fn add(&self, scope: &Scope, id: &str, body: &[u8]) -> Result<ItemPage, Failure> {
        let items = self.understand(body, conversation::parse_items)?;
        let items = self.fit(scope, items).await?;
        let (parsed, now) = (parse(id)?, self.clock.now());
        match self.conversations.append(scope, &parsed, items.clone(), now).await {
            Ok(true) => Ok(ItemPage { items, has_more: false }),
            Ok(false) => match self.conversations.find(scope, &parsed).await? {
                None => Err(missing(id)),
                Some(_) => Err(Failure::ConversationLocked(parsed)),
            },
            Err(StoreError::Duplicate) => {
                let message = "An item of the conversation has the id of one of these.".to_owned();
                Err(Failure::invalid("items", "duplicate_item", message))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// One page of a conversation's items.
    pub async fn conversation_items(
        &self,
        caller: &Principal,
        id: &str,
        query: &PageQuery,
    ) -> Result<ItemPage, Failure> {
        match self.conversations.items(&caller.scope, &parse(id)?, query).await? {
            ConversationPage::Found(page) => Ok(page),
            ConversationPage::NoConversation => Err(missing(id)),
            ConversationPage::NoAnchor => {
                let message = "The conversation has no item with this id.".to_owned();
                Err(Failure::invalid("after", "invalid_value", message))
            }
        }
    }

    /// One item of a conversation.
    pub async fn conversation_item(
        &self,
        caller: &Principal,
        id: &str,
        item: &str,
    ) -> Result<Json, Failure> {
        match self.conversations.item(&caller.scope, &parse(id)?, item).await? {
            ItemLookup::Found(json) => Ok(json),
            ItemLookup::NoConversation => Err(missing(id)),
            ItemLookup::NoItem => Err(Failure::NotFound(Missing::Item(item.to_owned()))),
        }
    }

    /// Deletes an item; the object of its conversation.
    pub async fn delete_conversation_item(
        &self,
        caller: &Principal,
        id: &str,
        item: &str,
    ) -> Result<Json, Failure> {
        let (parsed, now) = (parse(id)?, self.clock.now());
        if !self.conversations.remove_item(&caller.scope, &parsed, item, now).await? {
            self.conversation_item(caller, id, item).await?;
            return Err(Failure::ConversationLocked(parsed));
        }
        self.conversation(caller, id).await
    }

    /// Answers a request that makes something, once for its key.
    async fn make<F>(
        self: &Arc<Self>,
        caller: &Principal,
        route: &str,
        posted: Posted,
        work: impl FnOnce(Bytes) -> F,
    ) -> Result<Reply, Failure>
    where
        F: Future<Output = Result<Bytes, Failure>> + Send + 'static,
    {
        let (body, ticket) = self.receive(posted.body).await?;
        let promise = match self.once(caller, route, posted.once, &body).await? {
            First::Again(reply) => return Ok(reply),
            First::Anew(promise) => promise,
        };
        let work = work(body);
        if promise.is_none() {
            return work.await.map(Reply::Json);
        }
        // On a task: what a client has asked for and does not wait for is done all the same, and it gets
        // the same answer when it asks again.
        let gateway = Arc::clone(self);
        let made = async move {
            let _ticket = ticket;
            gateway.settle_once(promise, work.await.map(Reply::Json)).await
        };
        let made = self.tracker.spawn(made.in_current_span()).await;
        made.unwrap_or_else(|error| Err(Failure::Internal(error.into())))
    }

    /// Reads a body, with a place among those in flight.
    async fn receive(&self, body: Incoming) -> Result<(Bytes, Ticket), Failure> {
        let ticket = self.admit(&self.snapshot())?;
        Ok((body.await?, ticket))
    }

    /// Reads a body under the rules of every body: one validating scan comes first.
    fn understand<T>(
        &self,
        body: &[u8],
        parse: fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        scan::check(body, &self.snapshot().settings.scan)?;
        parse(body)
    }

    /// Items as they are kept, if they may be; those of other places are copied.
    async fn fit(&self, scope: &Scope, given: Vec<InputItem>) -> Result<Vec<StoredItem>, Failure> {
        let live = self.snapshot();
        let new = given.iter().map(InputItem::as_new);
        check_items(&live.settings.shield, new, "items").map_err(Failure::Invalid)?;
        let mut items = self.refer(scope, &[], given, "items").await?;
        unseal::check(&live.keyring, scope, &mut items, "items")?;
        // What cannot be read must not get in the way of later turns.
        self.files.read(&mut items, "items", 0).await?;
        Ok(items.iter_mut().map(|item| to_stored(item, self.ids.as_ref())).collect())
    }
}

fn parse(id: &str) -> Result<ConversationId, Failure> {
    ConversationId::parse(id).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Failure {
    let param = "conversation_id";
    Failure::NotFound(Missing::Conversation { id: id.to_owned(), param })
}
