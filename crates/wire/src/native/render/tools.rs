//! Tools and their choice, and the form of the answer.

use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::request::{Generation, JsonSchema, OutputFormat};

use crate::chat::render::tools::{self as chat, Choice as Chosen, Function};

/// What the model may call.
pub(super) struct Offer<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: Choice<'a>,
}

/// A function as the chat protocol has it, with its members on the outside.
#[derive(Serialize)]
pub(super) struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    function: Function<'a>,
}

/// `tool_choice`.
pub(super) struct Choice<'a>(Chosen<'a>);

/// `reasoning`, as far as servers read it.
#[derive(Serialize)]
pub(super) struct Reasoning<'a> {
    pub(super) effort: &'a str,
}

/// `text`
#[derive(Serialize)]
pub(super) struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        schema: &'a Json,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

/// The tools on offer: the same as in the chat protocol.
pub(super) fn offer(generation: &Generation) -> Option<Offer<'_>> {
    let chat::Offer { tools, choice } = chat::offer(generation)?;
    let flat = tools.into_iter().map(|tool| Tool { kind: "function", function: tool.function });
    Some(Offer { tools: flat.collect(), choice: Choice(choice) })
}

/// `text`, where there is something to say in it.
pub(super) fn text(generation: &Generation, forced: bool) -> Option<Text<'_>> {
    let format = match &generation.output_format {
        _ if forced => None,
        OutputFormat::Text => None,
        OutputFormat::JsonObject => Some(Format::JsonObject),
        OutputFormat::JsonSchema(JsonSchema { name, description, schema, strict }) => {
            let description = description.as_deref();
            Some(Format::JsonSchema { name, description, schema, strict: *strict })
        }
    };
    let verbosity = generation.verbosity.as_deref();
    (format.is_some() || verbosity.is_some()).then_some(Text { format, verbosity })
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            #[serde(rename = "type")]
            kind: &'static str,
            name: &'a str,
        }
        match &self.0 {
            Chosen::Word(word) => serializer.serialize_str(word),
            Chosen::Function(name) => Named { kind: "function", name }.serialize(serializer),
        }
    }
}
