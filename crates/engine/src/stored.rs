//! Reading back what is stored. Ids of others, deleted ids and ids that never were are one case.

use transom_core::Json;
use transom_core::caller::Principal;
use transom_core::failure::{Failure, Missing};
use transom_core::id::ResponseId;
use transom_core::port::store::{ItemPage, PageLookup, PageQuery};

use crate::gateway::Gateway;

impl Gateway {
    /// A stored response object.
    pub async fn response(&self, caller: &Principal, id: &str) -> Result<Json, Failure> {
        let parsed = parse(id)?;
        self.store.response(&caller.scope, &parsed).await?.ok_or_else(|| missing(id))
    }

    /// One page of a stored response's own input items.
    pub async fn input_items(
        &self,
        caller: &Principal,
        id: &str,
        query: &PageQuery,
    ) -> Result<ItemPage, Failure> {
        let parsed = parse(id)?;
        match self.store.input_items(&caller.scope, &parsed, query).await? {
            PageLookup::Found(page) => Ok(page),
            PageLookup::NoResponse => Err(missing(id)),
            PageLookup::NoAnchor => {
                let message = "No input item with this id.".to_owned();
                Err(Failure::invalid("after", "invalid_value", message))
            }
        }
    }

    /// Deletes a stored response.
    pub async fn delete_response(&self, caller: &Principal, id: &str) -> Result<(), Failure> {
        let parsed = parse(id)?;
        if !self.store.delete(&caller.scope, &parsed).await? {
            return Err(missing(id));
        }
        // One that still runs elsewhere finds out when it renews its lease.
        if let Some(presence) = self.here.find(&parsed) {
            presence.cancel.cancel();
        }
        Ok(())
    }
}

fn parse(id: &str) -> Result<ResponseId, Failure> {
    ResponseId::parse(id).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Failure {
    Failure::NotFound(Missing::Response(id.to_owned()))
}
