//! The form of one chat message, borrowed from the generation.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::IgnoredAny;
use transom_core::content::{Image, Part};
use transom_core::item::FunctionCall;

/// One message of the request.
#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub(super) enum Message<'a> {
    System {
        content: Cow<'a, str>,
    },
    User {
        content: Content<'a>,
    },
    Assistant {
        /// `null` only beside tool calls.
        content: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: Content<'a>,
    },
}

/// Text alone is a string, as every template takes it; a list is only for pictures.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Debug, Serialize)]
pub(super) struct ImageUrl<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: Cow<'a, str>,
}

impl<'a> From<&'a FunctionCall> for ToolCall<'a> {
    fn from(call: &'a FunctionCall) -> Self {
        let arguments = arguments(&call.arguments);
        let function = CalledFunction { name: &call.name, arguments };
        Self { id: &call.call_id, kind: "function", function }
    }
}

/// vLLM parses the arguments of earlier calls for the chat template and refuses a conversation in
/// which some are not JSON. Models do write such arguments, so they go back as text in an object.
fn arguments(written: &str) -> Cow<'_, str> {
    #[derive(Serialize)]
    struct Unreadable<'a> {
        arguments: &'a str,
    }
    if serde_json::from_str::<IgnoredAny>(written).is_ok() {
        return Cow::Borrowed(written);
    }
    if written.trim_ascii().is_empty() {
        return Cow::Borrowed("{}");
    }
    let text = serde_json::to_string(&Unreadable { arguments: written });
    Cow::Owned(text.unwrap_or_else(|_| unreachable!("a string is always JSON")))
}

impl<'a> From<&'a Part> for ContentPart<'a> {
    fn from(part: &'a Part) -> Self {
        match part {
            Part::Text(text) => Self::Text { text: &text.text },
            Part::Refusal(text) => Self::Text { text },
            Part::Image(Image { url, detail }) => {
                Self::ImageUrl { image_url: ImageUrl { url, detail: detail.as_deref() } }
            }
        }
    }
}

/// The text of a part that has some.
pub(super) fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(&text.text),
        Part::Refusal(text) => Some(text),
        Part::Image(_) => None,
    }
}

/// Joins pieces of text, without copying where there is at most one.
pub(super) fn join<'a>(pieces: &[&'a str], separator: &str) -> Cow<'a, str> {
    match pieces {
        [] => Cow::Borrowed(""),
        [piece] => Cow::Borrowed(piece),
        _ => Cow::Owned(pieces.join(separator)),
    }
}
