//! Tools and tool choice as response objects show them.

use serde::{Serialize, Serializer};
use transom_core::Json;
use transom_core::tool::{AllowedMode, InputFormat, NamedTool, OwnTool, Tool, ToolChoice};

/// A list of tools.
pub(super) struct Tools<'a>(pub(super) &'a [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Shown))
    }
}

struct Shown<'a>(&'a Tool);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Tool::Own(tool) => Own::of(tool).serialize(serializer),
            Tool::Namespace(space) => Own::Namespace {
                name: &space.name,
                description: &space.description,
                tools: space.tools.iter().map(Own::of).collect(),
            }
            .serialize(serializer),
            Tool::OfflineSearch { json, .. } => json.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Own<'a> {
    Function {
        name: &'a str,
        description: Option<&'a str>,
        parameters: Option<&'a Json>,
        strict: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        defer_loading: Option<bool>,
    },
    Custom {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        format: Format<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        defer_loading: Option<bool>,
    },
    Namespace {
        name: &'a str,
        description: &'a str,
        tools: Vec<Own<'a>>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    Text,
    Grammar { syntax: &'static str, definition: &'a str },
}

impl<'a> Own<'a> {
    fn of(tool: &'a OwnTool) -> Self {
        match tool {
            OwnTool::Function(tool) => Self::Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: tool.parameters.as_ref(),
                strict: tool.strict,
                defer_loading: tool.defer_loading,
            },
            OwnTool::Custom(tool) => Self::Custom {
                name: &tool.name,
                description: tool.description.as_deref(),
                format: match &tool.format {
                    InputFormat::Text => Format::Text,
                    InputFormat::Lark(definition) => Format::Grammar { syntax: "lark", definition },
                    InputFormat::Regex(definition) => {
                        Format::Grammar { syntax: "regex", definition }
                    }
                },
                defer_loading: tool.defer_loading,
            },
        }
    }
}

/// A tool choice.
pub(super) struct Choice<'a>(pub(super) &'a ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Tool(named) => Named::of(named).serialize(serializer),
            ToolChoice::Allowed { mode, tools } => Allowed {
                kind: "allowed_tools",
                mode: match mode {
                    AllowedMode::Auto => "auto",
                    AllowedMode::Required => "required",
                },
                tools: tools.iter().map(Named::of).collect(),
            }
            .serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn of(named: &'a NamedTool) -> Self {
        let kind = match named {
            NamedTool::Function(_) => "function",
            NamedTool::Custom(_) => "custom",
            NamedTool::Absent(kind) => return Self { kind, name: None },
        };
        Self { kind, name: Some(named.name()) }
    }
}

#[derive(Serialize)]
struct Allowed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mode: &'static str,
    tools: Vec<Named<'a>>,
}
