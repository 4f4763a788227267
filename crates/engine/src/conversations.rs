//! Conversations as clients make, read, change and delete them. Ids of others, deleted ids and ids that
//! never were are one case. The items of a conversation cannot be changed while a turn works on it.

use bytes::Bytes;
use futures_core::future::BoxFuture;
use transom_core::Json;
use transom_core::caller::Principal;
use transom_core::failure::{Failure, Missing};
use transom_core::id::ConversationId;
use transom_core::item::Item;
use transom_core::port::conversations::{ConversationPage, ConversationRecord, ItemLookup};
use transom_core::port::store::{ItemPage, PageQuery, StoreError, StoredItem};
use transom_wire::responses::conversation::{self, CreateConversation};
use transom_wire::responses::item::to_stored;
use transom_wire::scan;

use crate::gateway::Gateway;
use crate::stage::screen::check_items;

/// A body that is not read yet.
pub type Incoming = BoxFuture<'static, Result<Bytes, Failure>>;

impl Gateway {
    /// Makes a conversation; the object.
    pub async fn create_conversation(
        &self,
        caller: &Principal,
        body: Incoming,
    ) -> Result<Json, Failure> {
        let CreateConversation { items, metadata } =
            self.read(body, conversation::parse_create).await?;
        let items = self.fit(items).await?;
        let (id, created_at) = (ConversationId::fresh(self.ids.as_ref()), self.clock.now());
        let record = ConversationRecord { id, created_at, metadata };
        let object = conversation::to_json(&record);
        self.conversations.create(&caller.scope, record, items).await?;
        Ok(object)
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
        let metadata = self.read(body, conversation::parse_update).await?;
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

    /// Adds items; the items with their ids.
    pub async fn add_items(
        &self,
        caller: &Principal,
        id: &str,
        body: Incoming,
    ) -> Result<ItemPage, Failure> {
        let items = self.fit(self.read(body, conversation::parse_items).await?).await?;
        let (parsed, now) = (parse(id)?, self.clock.now());
        match self.conversations.append(&caller.scope, &parsed, items.clone(), now).await {
            Ok(true) => Ok(ItemPage { items, has_more: false }),
            Ok(false) => match self.conversations.find(&caller.scope, &parsed).await? {
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

    /// Reads a body under the rules of every body: a place among those in flight, then one validating
    /// scan.
    async fn read<T>(
        &self,
        body: Incoming,
        parse: fn(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let live = self.snapshot();
        let _ticket = self.admit(&live)?;
        let body = body.await?;
        scan::check(&body, &live.settings.scan)?;
        parse(&body)
    }

    /// Items as they are kept, if they may be.
    async fn fit(&self, mut items: Vec<Item>) -> Result<Vec<StoredItem>, Failure> {
        let live = self.snapshot();
        check_items(&live.settings.shield, &items, "items").map_err(Failure::Invalid)?;
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
