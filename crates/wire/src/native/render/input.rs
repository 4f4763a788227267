//! Turns chat messages into items.
//!
//! Items are made of the messages and not of the generation's items, so that a model reads the same
//! conversation in either protocol: servers make the same messages of them again. The forms are those
//! that both vLLM and llama.cpp read.

use std::borrow::Cow;

use serde::Serialize;

use super::Unsupported;
use crate::chat::render::message::{Content, ContentPart, ImageUrl, Message, ToolCall};

/// A conversation as a server's own API takes it.
pub(super) struct Conversation<'a> {
    /// The system message at the beginning.
    pub(super) instructions: Option<&'a str>,
    /// Everything after it.
    pub(super) items: Vec<Item<'a>>,
}

/// One item of the request.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Message(Said<'a>),
    Reasoning {
        /// vLLM wants one; it ties nothing to anything.
        id: String,
        summary: [(); 0],
        content: [Thought<'a>; 1],
    },
    FunctionCall {
        call_id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
    FunctionCallOutput {
        call_id: &'a str,
        output: Input<'a>,
    },
}

/// A message: of anybody, or of the model. llama.cpp reads the model's only in the form in which it was
/// once answered, and vLLM reads that form only with an id and a status.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Said<'a> {
    Told { role: &'static str, content: Input<'a> },
    Answered { id: String, role: &'static str, status: &'static str, content: [Output<'a>; 1] },
}

/// What is told: text alone, or parts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Input<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part<'a> {
    InputText { text: &'a str },
    InputImage { image_url: &'a str, detail: &'a str },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Output<'a> {
    OutputText { text: &'a str, annotations: [(); 0] },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thought<'a> {
    ReasoningText { text: &'a str },
}

/// The items of a conversation.
pub(super) fn of<'a>(messages: &'a [Message<'_>]) -> Result<Conversation<'a>, Unsupported> {
    let (instructions, rest) = match messages {
        // Instructions alone are no input.
        [Message::System { content }, rest @ ..] if !rest.is_empty() => (Some(&**content), rest),
        all => (None, all),
    };
    let mut items = Vec::with_capacity(rest.len());
    for message in rest {
        push(message, &mut items)?;
    }
    Ok(Conversation { instructions, items })
}

fn push<'a>(message: &'a Message<'_>, items: &mut Vec<Item<'a>>) -> Result<(), Unsupported> {
    match message {
        Message::System { content } => {
            let content = Input::Text(content);
            items.push(Item::Message(Said::Told { role: "system", content }));
        }
        Message::User { content } => {
            let content = input(content)?;
            items.push(Item::Message(Said::Told { role: "user", content }));
        }
        Message::Assistant { content, reasoning, reasoning_content, tool_calls } => {
            let thoughts = reasoning.as_ref().or(reasoning_content.as_ref());
            items.extend(thoughts.map(|thoughts| Item::Reasoning {
                id: format!("rs_{}", items.len()),
                summary: [],
                content: [Thought::ReasoningText { text: thoughts }],
            }));
            answer(content.as_ref(), tool_calls.is_empty() && thoughts.is_none(), items);
            items.extend(tool_calls.iter().map(call));
        }
        Message::Tool { tool_call_id, content } => {
            let output = input(content)?;
            items.push(Item::FunctionCallOutput { call_id: tool_call_id, output });
        }
    }
    Ok(())
}

/// What the model said. Nothing needs no item, unless it was all.
fn answer<'a>(content: Option<&'a Cow<'_, str>>, alone: bool, items: &mut Vec<Item<'a>>) {
    let Some(text) = content.filter(|text| alone || !text.is_empty()) else { return };
    let content = [Output::OutputText { text, annotations: [] }];
    let id = format!("msg_{}", items.len());
    items.push(Item::Message(Said::Answered {
        id,
        role: "assistant",
        status: "completed",
        content,
    }));
}

fn call<'a>(call: &'a ToolCall<'_>) -> Item<'a> {
    Item::FunctionCall {
        call_id: &call.id,
        name: &call.function.name,
        arguments: &call.function.arguments,
    }
}

fn input<'a>(content: &'a Content<'_>) -> Result<Input<'a>, Unsupported> {
    match content {
        Content::Text(text) => Ok(Input::Text(text)),
        Content::Parts(parts) => {
            Ok(Input::Parts(parts.iter().map(part).collect::<Result<_, _>>()?))
        }
    }
}

fn part<'a>(part: &'a ContentPart<'_>) -> Result<Part<'a>, Unsupported> {
    match part {
        ContentPart::Text { text } => Ok(Part::InputText { text }),
        ContentPart::ImageUrl { image_url: ImageUrl { url, detail } } => {
            Ok(Part::InputImage { image_url: url, detail: detail.unwrap_or("auto") })
        }
        ContentPart::InputAudio { .. } => {
            Err(Unsupported { param: "input".to_owned(), what: "it has sound in it" })
        }
    }
}
