//! Conversations: the bodies of `/v1/conversations` and the objects it answers with.
//!
//! The shapes are those of OpenAI's published schema. Items are read and kept as those of a response
//! are.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::{Failure, Invalid};
use transom_core::port::conversations::ConversationRecord;

use super::item::{InputItem, read_list};
use super::path::Path;
use super::read::{self, Object};
use super::request::read_metadata;
use super::{json, refuse};

/// The most items that one request may add (OpenAI's API reference).
pub const MAX_NEW_ITEMS: usize = 20;

/// The body of `POST /v1/conversations`.
#[derive(Clone, Debug)]
pub struct CreateConversation {
    /// The first items, at most [`MAX_NEW_ITEMS`].
    pub items: Vec<InputItem>,
    /// A JSON object of strings.
    pub metadata: Json,
}

/// Reads the body of `POST /v1/conversations`.
pub fn parse_create(body: &[u8]) -> Result<CreateConversation, Failure> {
    let mut fields = object(body)?;
    let items = match fields.take("items") {
        Some(raw) => read_items(raw)?,
        None => Vec::new(),
    };
    let metadata = json::raw(&read_metadata(&mut fields)?);
    fields.refuse_rest()?;
    Ok(CreateConversation { items, metadata })
}

/// Reads the body of `POST /v1/conversations/{id}`: the metadata, a JSON object. Null removes it.
pub fn parse_update(body: &[u8]) -> Result<Json, Failure> {
    let mut fields = object(body)?;
    let metadata = match fields.given("metadata") {
        None => return Err(refuse::missing(&Path::Root.field("metadata"))),
        Some(raw) if raw.get() == "null" => json::raw(&IndexMap::<String, String>::new()),
        Some(raw) => json::raw(&super::request::metadata_of(raw)?),
    };
    fields.refuse_rest()?;
    Ok(metadata)
}

/// Reads the body of `POST /v1/conversations/{id}/items`: 1 to [`MAX_NEW_ITEMS`] items.
pub fn parse_items(body: &[u8]) -> Result<Vec<InputItem>, Failure> {
    let mut fields = object(body)?;
    let items = read_items(fields.require("items")?)?;
    fields.refuse_rest()?;
    if items.is_empty() {
        return Err(refuse::wrong_value(&ITEMS, "there has to be at least one item."));
    }
    Ok(items)
}

/// Reads the `conversation` of a response: an id, or an object with one.
pub(super) fn read_id(fields: &mut Object<'_, '_>) -> Result<Option<String>, Failure> {
    let path = Path::Root.field("conversation");
    let Some(raw) = fields.take("conversation") else { return Ok(None) };
    match raw.get().as_bytes().first() {
        Some(b'"') => read::string(raw, &path).map(Some),
        Some(b'{') => {
            let mut object = Object::read(raw, &path)?;
            let id = object.require_string("id")?;
            object.refuse_rest()?;
            Ok(Some(id))
        }
        _ => Err(refuse::wrong_type(&path, "a string or an object", raw)),
    }
}

const ITEMS: Path<'static> = Path::Field(&Path::Root, "items");

fn object(body: &[u8]) -> Result<Object<'_, 'static>, Failure> {
    let no_object = || {
        let message = "The body is not a JSON object.".to_owned();
        Failure::Invalid(Invalid { param: None, code: "invalid_json", message })
    };
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| no_object())?;
    Object::read(raw, &Path::Root).map_err(|_| no_object())
}

fn read_items(raw: &RawValue) -> Result<Vec<InputItem>, Failure> {
    let elements = read::array(raw, &ITEMS)?;
    if elements.len() > MAX_NEW_ITEMS {
        let why = format!("at most {MAX_NEW_ITEMS} items can be added at a time.");
        return Err(refuse::wrong_value(&ITEMS, &why));
    }
    read_list(&elements, &ITEMS)
}

#[derive(Serialize)]
struct ShownConversation<'a> {
    id: &'a str,
    object: &'static str,
    created_at: i64,
    metadata: &'a RawValue,
}

/// The conversation object.
pub fn to_json(conversation: &ConversationRecord) -> Json {
    json::raw(&ShownConversation {
        id: conversation.id.as_str(),
        object: "conversation",
        created_at: conversation.created_at.seconds(),
        metadata: &conversation.metadata,
    })
}

#[derive(Serialize)]
struct ShownDeletion<'a> {
    id: &'a str,
    object: &'static str,
    deleted: bool,
}

/// The answer to the deletion of a conversation.
pub fn deleted(id: &str) -> Json {
    json::raw(&ShownDeletion { id, object: "conversation.deleted", deleted: true })
}

#[cfg(test)]
mod tests;
