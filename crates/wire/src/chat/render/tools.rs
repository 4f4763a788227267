//! Tools and their choice in the form of the chat protocol.

use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::request::Generation;
use transom_core::tool::{AllowedMode, FunctionTool, ToolChoice};

/// What the model may call.
pub(super) struct Offer<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: Choice<'a>,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// `tool_choice`: a word, or the name of the one function.
pub(super) enum Choice<'a> {
    Word(&'static str),
    Function(&'a str),
}

/// The tools on offer, or `None` without any: vLLM refuses a choice among none.
///
/// `allowed_tools` is not known to model servers; it becomes the tools it names and its mode.
/// Tools that must not be called are still shown, as OpenAI does: the conversation may speak of
/// them, and the prompt of a turn with `none` stays that of the turns around it.
pub(super) fn offer(generation: &Generation) -> Option<Offer<'_>> {
    let choice = match &generation.tool_choice {
        ToolChoice::Auto | ToolChoice::Allowed { mode: AllowedMode::Auto, .. } => {
            Choice::Word("auto")
        }
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required | ToolChoice::Allowed { mode: AllowedMode::Required, .. } => {
            Choice::Word("required")
        }
        ToolChoice::Function(name) => Choice::Function(name),
    };
    let allowed = |tool: &&FunctionTool| match &generation.tool_choice {
        ToolChoice::Allowed { names, .. } => names.contains(&tool.name),
        _ => true,
    };
    let tools: Vec<_> = generation.tools.iter().filter(allowed).map(tool).collect();
    (!tools.is_empty()).then_some(Offer { tools, choice })
}

fn tool(tool: &FunctionTool) -> Tool<'_> {
    let function = Function {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters: tool.parameters.as_ref(),
        strict: tool.strict,
    };
    Tool { kind: "function", function }
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
