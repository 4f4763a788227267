//! A page of items as OpenAI shows it.

use serde::Serialize;
use serde_json::value::RawValue;
use transom_core::port::store::{ItemPage, StoredItem};

/// The list object. An empty page has empty ids: OpenAI's schema has strings there, and the official
/// SDKs, which go on from `last_id`, take an empty one for none.
#[derive(Serialize)]
pub(super) struct List<'a> {
    object: &'static str,
    data: Vec<&'a RawValue>,
    first_id: &'a str,
    last_id: &'a str,
    has_more: bool,
}

impl<'a> List<'a> {
    pub(super) fn of(page: &'a ItemPage) -> Self {
        let id = |item: Option<&'a StoredItem>| item.map_or("", |item| item.id.as_str());
        Self {
            object: "list",
            data: page.items.iter().map(|item| &*item.json).collect(),
            first_id: id(page.items.first()),
            last_id: id(page.items.last()),
            has_more: page.has_more,
        }
    }
}
