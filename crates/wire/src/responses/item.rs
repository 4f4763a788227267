//! Items as the API writes them: in requests, in response objects and in stored rows.
//!
//! Stored rows hold items exactly as the API shows them, and [`from_stored`] reads back what
//! [`to_stored`] wrote without loss. Requests may be sloppier: the easy form of messages, absent
//! ids and statuses. Fields that are not known inside an item are dropped, except in items of hosted
//! tools, which keep every field: clients send back items with the additions of whichever server made
//! them.

use serde_json::value::RawValue;
use transom_core::failure::Failure;
use transom_core::id::{IdSource, ItemId};
use transom_core::item::Item;
use transom_core::port::store::{StoreError, StoredItem};

use super::json;
use super::path::Path;

mod content;
mod fit;
mod input;
mod shown;

pub use input::{InputItem, MAX_REFERENCES};
pub(super) use input::{read_input, read_list};
pub(super) use shown::{Shown, ShownPart};

/// The types of items that are no hosted tool's and are understood.
#[cfg(test)]
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    input::SUPPORTED.iter().copied()
}

/// Gives the item an id if it has none, and writes it as it is kept.
pub fn to_stored(item: &mut Item, ids: &dyn IdSource) -> StoredItem {
    let prefix = item.id_prefix();
    let id = item.id_mut().get_or_insert_with(|| ItemId::fresh(prefix, ids));
    let id = id.as_str().to_owned();
    StoredItem { id, json: json::raw(&Shown(item)) }
}

/// The bytes of a file, whose data has come in an item; `None` where it is no base64.
pub fn file_bytes(data: &str) -> Option<Vec<u8>> {
    content::file::bytes_of(data)
}

/// Reads an item of a stored row.
pub fn from_stored(json: &RawValue) -> Result<Item, Failure> {
    input::read_item(json, &Path::Root)
        .map_err(|failure| Failure::Store(StoreError::Damaged(Box::new(failure))))
}

#[cfg(test)]
mod tests;
