//! The form of one chat message, borrowed from the generation.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::IgnoredAny;
use transom_core::content::{Audio, Image, Part};
use transom_core::item::{CustomToolCall, FunctionCall};

/// One message of the request.
#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub(crate) enum Message<'a> {
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
        tool_call_id: Cow<'a, str>,
        content: Content<'a>,
    },
}

/// Text alone is a string, as every template takes it; a list is for pictures, sound and several texts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ContentPart<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
    InputAudio { input_audio: Sound<'a> },
}

#[derive(Debug, Serialize)]
pub(crate) struct Sound<'a> {
    data: &'a str,
    format: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct ImageUrl<'a> {
    pub(crate) url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ToolCall<'a> {
    pub(crate) id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    pub(crate) function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CalledFunction<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) arguments: Cow<'a, str>,
}

impl<'a> ToolCall<'a> {
    /// A call of a tool with arguments that need not be JSON.
    pub(crate) fn new(id: Cow<'a, str>, name: Cow<'a, str>, written: &'a str) -> Self {
        Self {
            id,
            kind: "function",
            function: CalledFunction { name, arguments: arguments(written) },
        }
    }
}

impl<'a> From<&'a FunctionCall> for ToolCall<'a> {
    fn from(call: &'a FunctionCall) -> Self {
        Self::new(Cow::Borrowed(&call.call_id), call.tool.flat(), &call.arguments)
    }
}

/// As the model is offered custom tools: functions of one text.
impl<'a> From<&'a CustomToolCall> for ToolCall<'a> {
    fn from(call: &'a CustomToolCall) -> Self {
        #[derive(Serialize)]
        struct Input<'a> {
            input: &'a str,
        }
        let text = serde_json::to_string(&Input { input: &call.input });
        let arguments = text.unwrap_or_else(|_| unreachable!("a string is always JSON"));
        let function = CalledFunction { name: call.tool.flat(), arguments: Cow::Owned(arguments) };
        Self { id: Cow::Borrowed(&call.call_id), kind: "function", function }
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
            Part::Text(text) => Self::Text { text: Cow::Borrowed(&text.text) },
            Part::Refusal(text) => Self::Text { text: Cow::Borrowed(text) },
            Part::File(file) => Self::Text { text: Cow::Owned(file.told()) },
            Part::Image(Image { url, detail }) => {
                Self::ImageUrl { image_url: ImageUrl { url, detail: detail.as_deref().map(known) } }
            }
            Part::Audio(Audio { data, format }) => {
                Self::InputAudio { input_audio: Sound { data, format } }
            }
        }
    }
}

/// Model servers know `original` as `high`.
fn known(detail: &str) -> &str {
    if detail == "original" { "high" } else { detail }
}

/// The text of a part that has some.
pub(crate) fn text_of(part: &Part) -> Option<Cow<'_, str>> {
    match part {
        Part::Text(text) => Some(Cow::Borrowed(&text.text)),
        Part::Refusal(text) => Some(Cow::Borrowed(text)),
        Part::File(file) => Some(Cow::Owned(file.told())),
        Part::Image(_) | Part::Audio(_) => None,
    }
}

/// Joins pieces of text, without copying where there is at most one.
pub(crate) fn join<'a>(mut pieces: Vec<Cow<'a, str>>, separator: &str) -> Cow<'a, str> {
    match pieces.len() {
        0 | 1 => pieces.pop().unwrap_or_default(),
        _ => Cow::Owned(pieces.join(separator)),
    }
}
