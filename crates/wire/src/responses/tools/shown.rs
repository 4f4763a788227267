//! Tools and tool choice as response objects show them.

use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::tool::{AllowedMode, FunctionTool, ToolChoice};

/// A list of tools.
pub(super) struct Tools<'a>(pub(super) &'a [FunctionTool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|tool| Function {
            kind: "function",
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: tool.parameters.as_ref(),
            strict: tool.strict,
        }))
    }
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    description: Option<&'a str>,
    parameters: Option<&'a Json>,
    strict: Option<bool>,
}

/// A tool choice.
pub(super) struct Choice<'a>(pub(super) &'a ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Function(name) => Named::of(name).serialize(serializer),
            ToolChoice::Allowed { mode, names } => Allowed {
                kind: "allowed_tools",
                mode: match mode {
                    AllowedMode::Auto => "auto",
                    AllowedMode::Required => "required",
                },
                tools: names.iter().map(|name| Named::of(name)).collect(),
            }
            .serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
}

impl<'a> Named<'a> {
    fn of(name: &'a str) -> Self {
        Self { kind: "function", name }
    }
}

#[derive(Serialize)]
struct Allowed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mode: &'static str,
    tools: Vec<Named<'a>>,
}
