//! Items that a request refers to instead of sending them.

use std::collections::HashMap;

use transom_core::failure::{Failure, Missing};
use transom_core::item::Item;
use transom_core::scope::Scope;
use transom_wire::responses::item::{InputItem, from_stored};

use crate::gateway::Gateway;

impl Gateway {
    /// Puts the items in the places of what refers to them: those of the `past` that the request
    /// continues, and all others with one query for what their owner has stored. `list` is the field
    /// that holds them.
    pub(crate) async fn refer(
        &self,
        scope: &Scope,
        past: &[Item],
        given: Vec<InputItem>,
        list: &str,
    ) -> Result<Vec<Item>, Failure> {
        let mut known = HashMap::new();
        if given.iter().any(|item| item.reference().is_some()) {
            let said = past.iter().filter_map(|item| Some((item.id()?.as_str().to_owned(), item)));
            known = said.map(|(id, item)| (id, item.clone())).collect();
            let asked = given.iter().filter_map(|item| Some(item.reference()?.as_str()));
            let asked: Vec<&str> = asked.filter(|id| !known.contains_key(*id)).collect();
            self.look_up(scope, &asked, &mut known, list).await?;
        }
        let given = given.into_iter().enumerate();
        given
            .map(|(at, item)| match item {
                InputItem::New(item) => Ok(item),
                InputItem::Reference(id) => known.remove(id.as_str()).ok_or_else(|| {
                    let (id, param) = (id.as_str().to_owned(), format!("{list}[{at}].id"));
                    Failure::NotFound(Missing::Reference { id, param })
                }),
            })
            .collect()
    }

    async fn look_up(
        &self,
        scope: &Scope,
        ids: &[&str],
        known: &mut HashMap<String, Item>,
        list: &str,
    ) -> Result<(), Failure> {
        if ids.is_empty() {
            return Ok(());
        }
        let Some(found) = self.store.items_by_id(scope, ids).await? else {
            let message = "The items that are referred to are too large together.".to_owned();
            return Err(Failure::invalid(list, "invalid_value", message));
        };
        for item in found {
            known.insert(item.id, from_stored(&item.json)?);
        }
        Ok(())
    }
}
