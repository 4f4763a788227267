//! Items as OpenAI shows them.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::content::{Part, Text};
use transom_core::id::ItemId;
use transom_core::item::{
    Compaction, Conformity, CustomToolCall, FunctionCall, FunctionCallOutput, FunctionOutput,
    HostedItem, Item, ItemStatus, Message, Phase, Reasoning, Role, Untold,
};

/// An item, whose id has been assigned.
pub(in crate::responses) struct Shown<'a>(pub(in crate::responses) &'a Item);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Item::Message(item) => ShownMessage::of(item).serialize(serializer),
            Item::Reasoning(item) => ShownReasoning::of(item).serialize(serializer),
            Item::Compaction(item) => ShownCompaction::of(item).serialize(serializer),
            Item::FunctionCall(item) => ShownCall::of(item).serialize(serializer),
            Item::FunctionCallOutput(item) => {
                ShownOutput::of(item, "function_call_output").serialize(serializer)
            }
            Item::CustomToolCall(item) => ShownCustomCall::of(item).serialize(serializer),
            Item::CustomToolCallOutput(item) => {
                ShownOutput::of(item, "custom_tool_call_output").serialize(serializer)
            }
            Item::Hosted(item) => hosted(item, serializer),
        }
    }
}

#[derive(Serialize)]
struct ShownMessage<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    content: Parts<'a>,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
}

impl<'a> ShownMessage<'a> {
    fn of(item: &'a Message) -> Self {
        let speaker = match item.role {
            Role::Assistant => Speaker::Model,
            Role::User | Role::System | Role::Developer => Speaker::Client,
        };
        Self {
            id: item.id.as_ref().map(ItemId::as_str),
            kind: "message",
            status: status_word(item.status),
            content: Parts { parts: &item.content, speaker },
            role: role_word(item.role),
            phase: item.phase.map(|phase| match phase {
                Phase::Commentary => "commentary",
                Phase::FinalAnswer => "final_answer",
            }),
        }
    }
}

#[derive(Serialize)]
struct ShownReasoning<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    summary: Texts<'a>,
    content: Texts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_content: Option<&'a str>,
    status: &'static str,
}

impl<'a> ShownReasoning<'a> {
    fn of(item: &'a Reasoning) -> Self {
        Self {
            id: item.id.as_ref().map(ItemId::as_str),
            kind: "reasoning",
            summary: Texts { kind: "summary_text", texts: &item.summary },
            content: Texts { kind: "reasoning_text", texts: &item.content },
            encrypted_content: item.encrypted_content.as_ref().map(|sealed| &*sealed.blob),
            status: status_word(item.status),
        }
    }
}

#[derive(Serialize)]
struct ShownCompaction<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    encrypted_content: &'a str,
}

impl<'a> ShownCompaction<'a> {
    fn of(item: &'a Compaction) -> Self {
        Self {
            id: item.id.as_ref().map(ItemId::as_str),
            kind: "compaction",
            encrypted_content: &item.encrypted_content.blob,
        }
    }
}

#[derive(Serialize)]
struct ShownCall<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    arguments: &'a str,
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> ShownCall<'a> {
    fn of(item: &'a FunctionCall) -> Self {
        Self {
            id: item.id.as_ref().map(ItemId::as_str),
            kind: "function_call",
            status: status_word(item.status),
            arguments: &item.arguments,
            call_id: &item.call_id,
            namespace: item.tool.namespace.as_deref(),
            name: &item.tool.name,
        }
    }
}

#[derive(Serialize)]
struct ShownCustomCall<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    call_id: &'a str,
    input: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transom: Option<Extension>,
}

/// What OpenAI's schema has no field for.
#[derive(Serialize)]
struct Extension {
    grammar: &'static str,
    message: String,
}

impl Extension {
    /// What has to be said of an input: that it breaks its grammar, or that nobody can tell.
    fn of(conformity: Conformity) -> Option<Self> {
        let (grammar, message) = match conformity {
            Conformity::Unasked | Conformity::Follows => return None,
            Conformity::Breaks { at } => (
                "broken",
                format!("The input does not follow the tool's grammar from byte {at} on."),
            ),
            Conformity::Unknown(why) => {
                let why = match why {
                    Untold::Grammar => "the grammar is not understood here",
                    Untold::Length => "it is too long",
                    Untold::Work => "it would take too long",
                };
                (
                    "unchecked",
                    format!("The input was not checked against the tool's grammar: {why}."),
                )
            }
        };
        Some(Self { grammar, message })
    }
}

impl<'a> ShownCustomCall<'a> {
    fn of(item: &'a CustomToolCall) -> Self {
        Self {
            id: item.id.as_ref().map(ItemId::as_str),
            kind: "custom_tool_call",
            status: status_word(item.status),
            call_id: &item.call_id,
            input: &item.input,
            namespace: item.tool.namespace.as_deref(),
            name: &item.tool.name,
            transom: Extension::of(item.conformity),
        }
    }
}

/// A hosted item: its id and type, then its fields as they came.
fn hosted<S: Serializer>(item: &HostedItem, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(item.fields.len() + 2))?;
    map.serialize_entry("id", &item.id.as_ref().map(ItemId::as_str))?;
    map.serialize_entry("type", item.kind.word())?;
    for (name, json) in &item.fields {
        map.serialize_entry(name, json)?;
    }
    map.end()
}

#[derive(Serialize)]
struct ShownOutput<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    call_id: &'a str,
    output: OutputValue<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OutputValue<'a> {
    Text(&'a str),
    Parts(Parts<'a>),
}

impl<'a> ShownOutput<'a> {
    fn of(item: &'a FunctionCallOutput, kind: &'static str) -> Self {
        Self {
            id: item.id.as_ref().map(ItemId::as_str),
            kind,
            status: status_word(item.status),
            call_id: &item.call_id,
            output: match &item.output {
                FunctionOutput::Text(text) => OutputValue::Text(text),
                FunctionOutput::Parts(parts) => {
                    OutputValue::Parts(Parts { parts, speaker: Speaker::Client })
                }
            },
        }
    }
}

/// Whose words a part is, which decides the name of its type.
#[derive(Clone, Copy)]
enum Speaker {
    Model,
    Client,
}

struct Parts<'a> {
    parts: &'a [Part],
    speaker: Speaker,
}

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.parts.len()))?;
        for part in self.parts {
            match (part, self.speaker) {
                (Part::Text(text), Speaker::Client) => {
                    list.serialize_element(&ShownPart::InputText { text: &text.text })?;
                }
                (Part::Text(text), Speaker::Model) => {
                    list.serialize_element(&ShownPart::of_text(text))?;
                }
                (Part::Refusal(refusal), _) => {
                    list.serialize_element(&ShownPart::Refusal { refusal })?;
                }
                (Part::Image(image), _) => list.serialize_element(&ShownPart::InputImage {
                    image_url: &image.url,
                    detail: image.detail.as_deref(),
                })?,
                (Part::File(file), _) => list.serialize_element(&ShownPart::InputFile {
                    filename: file.filename.as_deref(),
                    file_data: &file.data,
                    detail: file.detail.as_deref(),
                })?,
                (Part::Audio(audio), _) => list.serialize_element(&ShownPart::InputAudio {
                    input_audio: Sound { data: &audio.data, format: &audio.format },
                })?,
            }
        }
        list.end()
    }
}

/// One part of an item's content.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::responses) enum ShownPart<'a> {
    /// Text of the model.
    OutputText {
        /// Citations.
        annotations: &'a [Json],
        /// One object per token.
        logprobs: &'a [Json],
        /// The text.
        text: &'a str,
    },
    /// A refusal of the model.
    Refusal {
        /// Its words.
        refusal: &'a str,
    },
    /// Thoughts of the model.
    ReasoningText {
        /// The thoughts.
        text: &'a str,
    },
    /// Text of the client.
    InputText {
        /// The text.
        text: &'a str,
    },
    /// A picture of the client.
    InputImage {
        /// Its URL.
        image_url: &'a str,
        /// How closely to look.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    /// A file of the client.
    InputFile {
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        /// What it holds, as it came.
        file_data: &'a str,
        /// How closely to look.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    /// Sound of the client.
    InputAudio {
        /// The sound and its format.
        input_audio: Sound<'a>,
    },
}

/// Sound of the client.
#[derive(Serialize)]
pub(in crate::responses) struct Sound<'a> {
    data: &'a str,
    format: &'a str,
}

impl<'a> ShownPart<'a> {
    /// Text of the model that has not come yet.
    pub(in crate::responses) const EMPTY_TEXT: Self =
        Self::OutputText { annotations: &[], logprobs: &[], text: "" };

    /// Text of the model with what belongs to it.
    pub(in crate::responses) fn of_text(text: &'a Text) -> Self {
        Self::OutputText {
            annotations: &text.annotations,
            logprobs: &text.logprobs,
            text: &text.text,
        }
    }
}

struct Texts<'a> {
    kind: &'static str,
    texts: &'a [String],
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.kind;
        serializer.collect_seq(self.texts.iter().map(|text| ShownText { kind, text }))
    }
}

#[derive(Serialize)]
struct ShownText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

fn status_word(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::InProgress => "in_progress",
        ItemStatus::Completed => "completed",
        ItemStatus::Incomplete => "incomplete",
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Developer => "developer",
    }
}
