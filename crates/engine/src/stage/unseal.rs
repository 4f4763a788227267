//! Opens what clients carry and cannot read, so that the model can.
//!
//! What a request brings has to open for its team and its model. What is stored was accepted once: it
//! has to open for its team, and a conversation may go on with another model.

use transom_core::failure::Failure;
use transom_core::id::ItemId;
use transom_core::item::{Item, Sealed};
use transom_core::scope::Scope;
use transom_sealing::keyring::{Keyring, Purpose, Unreadable};
use transom_wire::responses::item::InputItem;

const CODE: &str = "invalid_encrypted_content";

/// Opens what a request for this model brings. What it only refers to was stored before.
pub(crate) fn new(
    keyring: &Keyring,
    scope: &Scope,
    model: &str,
    items: &mut [InputItem],
) -> Result<(), Failure> {
    for (at, item) in items.iter_mut().enumerate() {
        let InputItem::New(item) = item else { continue };
        let Some((purpose, sealed)) = sealed_in(item) else { continue };
        let opened = keyring.open(purpose, scope, &sealed.blob);
        let texts = opened.and_then(|opened| opened.of_model(model));
        sealed.texts = Some(texts.map_err(|why| unreadable("input", at, &why))?);
    }
    Ok(())
}

/// Checks what is to be stored without a model: whether it opens for its team.
pub(crate) fn check(
    keyring: &Keyring,
    scope: &Scope,
    items: &mut [Item],
    list: &str,
) -> Result<(), Failure> {
    for (at, item) in items.iter_mut().enumerate() {
        let Some((purpose, sealed)) = sealed_in(item) else { continue };
        keyring.open(purpose, scope, &sealed.blob).map_err(|why| unreadable(list, at, &why))?;
    }
    Ok(())
}

/// Opens what was stored; `param` names the field that led to it. Thoughts that stand in the clear
/// beside what does not open any more are good enough.
pub(crate) fn past(
    keyring: &Keyring,
    scope: &Scope,
    items: &mut [Item],
    param: &str,
) -> Result<(), Failure> {
    for item in items {
        let id = item.id().map(ItemId::as_str).unwrap_or_default().to_owned();
        let in_the_clear = matches!(&*item, Item::Reasoning(item) if !item.content.is_empty());
        let Some((purpose, sealed)) = sealed_in(item) else { continue };
        match keyring.open(purpose, scope, &sealed.blob) {
            Ok(opened) => sealed.texts = Some(opened.of_any_model()),
            Err(_) if in_the_clear => {}
            Err(why) => {
                let message = format!(
                    "The conversation has an item '{id}' whose encrypted content cannot be read any \
                     more: {why}."
                );
                return Err(Failure::invalid(param, CODE, message));
            }
        }
    }
    Ok(())
}

fn sealed_in(item: &mut Item) -> Option<(Purpose, &mut Sealed)> {
    let purpose = match item {
        Item::Compaction(_) => Purpose::Summary,
        _ => Purpose::Thoughts,
    };
    item.sealed_mut().map(|sealed| (purpose, sealed))
}

fn unreadable(list: &str, at: usize, why: &Unreadable) -> Failure {
    let param = format!("{list}[{at}].encrypted_content");
    let message = format!("The content of '{param}' could not be read: {why}.");
    Failure::invalid(&param, CODE, message)
}

#[cfg(test)]
mod tests;
