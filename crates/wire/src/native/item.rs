//! The items of a response, as servers write them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use transom_core::upstream_error::UpstreamError;

use super::event::{Str, read, text};

/// An item of the answer.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) kind: ItemKind<'a>,
}

/// What an item is.
#[derive(Debug)]
pub(super) enum ItemKind<'a> {
    /// Text, and perhaps a refusal.
    Message(Vec<Part<'a>>),
    /// Thoughts.
    Reasoning(Vec<Part<'a>>),
    /// A call of a function.
    Call { call_id: Cow<'a, str>, name: Cow<'a, str>, arguments: Cow<'a, str> },
    /// Of a tool that the gateway did not offer: it means nothing to the client.
    Other,
}

/// A part of an item's content.
#[derive(Debug, Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Str<'a>>,
    #[serde(borrow)]
    text: Option<Str<'a>>,
    #[serde(borrow)]
    refusal: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Str<'a>>,
    #[serde(borrow)]
    id: Option<Str<'a>>,
    #[serde(borrow)]
    call_id: Option<Str<'a>>,
    #[serde(borrow)]
    name: Option<Str<'a>>,
    #[serde(borrow)]
    arguments: Option<Str<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

impl<'a> Item<'a> {
    pub(super) fn read(raw: &'a RawValue) -> Result<Self, UpstreamError> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow, rename = "type")]
            kind: Option<Str<'a>>,
        }
        let kind: Option<Kind<'_>> = read("item", raw)?;
        let kind = kind.and_then(|item| item.kind).map(|kind| kind.0).unwrap_or_default();
        if !matches!(&*kind, "message" | "reasoning" | "function_call") {
            // Its fields may be anything.
            return Ok(Self { id: Cow::Borrowed(""), kind: ItemKind::Other });
        }
        let Some(fields) = read::<Fields<'_>>("item", raw)? else {
            return Ok(Self { id: Cow::Borrowed(""), kind: ItemKind::Other });
        };
        let owned = |string: Option<Str<'a>>| string.map(|string| string.0).unwrap_or_default();
        let kind = match text(fields.kind.as_ref()) {
            "message" => ItemKind::Message(parts(fields.content)?),
            "reasoning" => ItemKind::Reasoning(parts(fields.content)?),
            _ => ItemKind::Call {
                call_id: owned(fields.call_id),
                name: owned(fields.name),
                arguments: owned(fields.arguments),
            },
        };
        Ok(Self { id: owned(fields.id), kind })
    }
}

impl Part<'_> {
    /// What it says as text or as thoughts.
    pub(super) fn said(&self) -> &str {
        match text(self.kind.as_ref()) {
            "output_text" | "text" | "reasoning_text" => text(self.text.as_ref()),
            _ => "",
        }
    }

    /// What it says as a refusal.
    pub(super) fn refused(&self) -> &str {
        text(self.refusal.as_ref())
    }
}

fn parts(content: Option<&RawValue>) -> Result<Vec<Part<'_>>, UpstreamError> {
    Ok(content.map(|raw| read("content", raw)).transpose()?.flatten().unwrap_or_default())
}
