//! Tools and their choice in the form of the chat protocol.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::request::Generation;
use transom_core::tool::{
    AllowedMode, CustomTool, InputFormat, OwnTool, Tool as Declared, ToolChoice,
};

use crate::chat::forced;

/// What the model may call.
pub(crate) struct Offer<'a> {
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) choice: Choice<'a>,
}

#[derive(Serialize)]
pub(crate) struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    pub(crate) function: Function<'a>,
}

#[derive(Serialize)]
pub(crate) struct Function<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Given(&'a Json),
    Input(InputObject),
}

/// The schema of a custom tool as a function: an object with the input in it.
#[derive(Serialize)]
struct InputObject {
    #[serde(rename = "type")]
    kind: &'static str,
    properties: InputProperties,
    required: [&'static str; 1],
    #[serde(rename = "additionalProperties")]
    additional: bool,
}

#[derive(Serialize)]
struct InputProperties {
    input: InputString,
}

#[derive(Serialize)]
struct InputString {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
}

/// `tool_choice`: a word, or the name of the one function.
pub(crate) enum Choice<'a> {
    Word(&'static str),
    Function(&'a str),
}

impl Choice<'_> {
    /// The same without force.
    pub(super) fn unforced(&self) -> Self {
        match self {
            Self::Word("none") => Self::Word("none"),
            Self::Word(_) | Self::Function(_) => Self::Word("auto"),
        }
    }
}

/// The tools on offer, or `None` without any: vLLM refuses a choice among none.
///
/// `allowed_tools` is not known to model servers; it becomes the tools it names and its mode.
/// Tools that must not be called are still shown, as OpenAI does: the conversation may speak of
/// them, and the prompt of a turn with `none` stays that of the turns around it.
pub(crate) fn offer(generation: &Generation) -> Option<Offer<'_>> {
    let choice = match &generation.tool_choice {
        _ if forced::of(generation).is_some() => Choice::Word("none"),
        ToolChoice::Auto | ToolChoice::Allowed { mode: AllowedMode::Auto, .. } => {
            Choice::Word("auto")
        }
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required | ToolChoice::Allowed { mode: AllowedMode::Required, .. } => {
            Choice::Word("required")
        }
        ToolChoice::Tool(named) => Choice::Function(named.name()),
    };
    let allowed = |(namespace, tool): &(Option<&str>, &OwnTool)| match &generation.tool_choice {
        ToolChoice::Allowed { tools, .. } => {
            tools.iter().any(|named| named.names(*namespace, tool))
        }
        _ => true,
    };
    let callable = generation.tools.iter().flat_map(Declared::callable);
    let tools: Vec<_> =
        callable.filter(allowed).map(|(namespace, own)| tool(namespace, own, generation)).collect();
    (!tools.is_empty()).then_some(Offer { tools, choice })
}

/// A tool of the client, under its name in one word.
fn tool<'a>(namespace: Option<&'a str>, own: &'a OwnTool, generation: &'a Generation) -> Tool<'a> {
    let name = match namespace {
        None => Cow::Borrowed(own.name()),
        Some(_) => Cow::Owned(own.in_namespace(namespace).flat().into_owned()),
    };
    let function = match own {
        OwnTool::Function(function) => Function {
            name,
            description: function.description.as_deref().map(Cow::Borrowed),
            parameters: function.parameters.as_ref().map(Parameters::Given),
            strict: function.strict,
        },
        OwnTool::Custom(custom) => Function {
            name,
            description: match forced::of(generation) {
                Some(forced) if forced.is(namespace, own) => {
                    let said = description(custom).into_iter().collect::<Vec<_>>();
                    let said = said.into_iter().chain([Cow::Borrowed(forced::INSTRUCTION)]);
                    Some(Cow::Owned(said.collect::<Vec<_>>().join("\n\n")))
                }
                _ => description(custom),
            },
            parameters: Some(Parameters::Input(input_object(&custom.format))),
            strict: None,
        },
    };
    Tool { kind: "function", function }
}

/// The `pattern` of JSON Schema may match anywhere, a custom tool's expression is the whole input.
/// (llama.cpp takes no other patterns than those with both anchors.)
fn input_object(format: &InputFormat) -> InputObject {
    let pattern = match format {
        InputFormat::Regex(pattern) => Some(format!("^(?:{pattern})$")),
        InputFormat::Text | InputFormat::Lark(_) => None,
    };
    InputObject {
        kind: "object",
        properties: InputProperties { input: InputString { kind: "string", pattern } },
        required: ["input"],
        additional: false,
    }
}

/// What the tool does, and what its input looks like: the model has to know both.
fn description(custom: &CustomTool) -> Option<Cow<'_, str>> {
    let said = custom.description.as_deref();
    let grammar = match &custom.format {
        InputFormat::Text => return said.map(Cow::Borrowed),
        InputFormat::Lark(grammar) => format!("The input follows this Lark grammar:\n{grammar}"),
        InputFormat::Regex(regex) => {
            format!("The input matches this regular expression:\n{regex}")
        }
    };
    let pieces: Vec<_> = said.into_iter().chain([grammar.as_str()]).collect();
    Some(Cow::Owned(pieces.join("\n\n")))
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            #[serde(rename = "type")]
            kind: &'static str,
            function: Name<'a>,
        }
        #[derive(Serialize)]
        struct Name<'a> {
            name: &'a str,
        }
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::Function(name) => {
                Named { kind: "function", function: Name { name } }.serialize(serializer)
            }
        }
    }
}
