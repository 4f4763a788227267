//! Tools a model may call.

use std::borrow::Cow;

use crate::Json;

/// Between a namespace and a name where both have to be one word.
const JOINT: &str = "__";

/// The longest name that model servers know, in bytes (OpenAI's rule for functions).
const MAX_FLAT_NAME: usize = 64;

/// The hexadecimal digits that stand for the rest of a name that is too long.
const DIGEST: usize = 8;

/// What a request declares.
#[derive(Clone, Debug)]
pub enum Tool {
    /// A function or a custom tool of the client.
    Own(OwnTool),
    /// Tools of the client under one name.
    Namespace(Namespace),
    /// A search of the web without access to the web: shown as it came, and not offered to the
    /// model.
    OfflineSearch {
        /// Its type: `web_search`, or one of its dated names.
        kind: String,
        /// The whole tool.
        json: Json,
    },
}

/// A tool that the client runs.
#[derive(Clone, Debug)]
pub enum OwnTool {
    /// It takes JSON.
    Function(FunctionTool),
    /// It takes text.
    Custom(CustomTool),
}

/// Tools of the client that belong together.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// `^[A-Za-z0-9_-]{1,64}$`, unique within a request.
    pub name: String,
    /// What they are for; not empty.
    pub description: String,
    /// At least one tool; their names are unique within the namespace.
    pub tools: Vec<OwnTool>,
}

/// A tool of the client whose input is text rather than JSON.
#[derive(Clone, Debug)]
pub struct CustomTool {
    /// As of a function.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// What the input looks like.
    pub format: InputFormat,
    /// As of a function.
    pub defer_loading: Option<bool>,
}

/// What the input of a custom tool looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InputFormat {
    /// Any text.
    #[default]
    Text,
    /// Text that a grammar in Lark's notation describes.
    Lark(String),
    /// Text that a regular expression describes as a whole.
    Regex(String),
}

/// The name of a tool of the client, with its namespace if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolName {
    /// The namespace in which it was declared.
    pub namespace: Option<String>,
    /// The tool's own name.
    pub name: String,
}

/// A function of the client: the model calls it, the client runs it.
#[derive(Clone, Debug)]
pub struct FunctionTool {
    /// `^[A-Za-z0-9_-]{1,64}$`, unique within a request.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of the arguments; absent for a function without arguments.
    pub parameters: Option<Json>,
    /// Whether the arguments must follow the schema exactly; `None` leaves it to the model server.
    pub strict: Option<bool>,
    /// Whether the tool may wait until a tool search finds it. Nobody searches here: it is shown,
    /// and the tool is offered from the beginning.
    pub defer_loading: Option<bool>,
}

/// Whether and what the model has to call.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No call.
    None,
    /// At least one call.
    Required,
    /// Exactly this tool.
    Tool(NamedTool),
    /// Only these tools; the model decides, or has to call one of them.
    Allowed {
        /// What the model may or must do with them.
        mode: AllowedMode,
        /// Declared tools.
        tools: Vec<NamedTool>,
    },
}

/// A tool that a choice names.
///
/// The name is a tool's own, or its flat name (see [`ToolName::flat`]) where it is in a namespace; a
/// hosted tool is named by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedTool {
    /// A function.
    Function(String),
    /// A custom tool.
    Custom(String),
    /// A hosted tool that was declared and is not offered.
    Absent(String),
}

impl NamedTool {
    /// The name, whatever it is the name of.
    pub fn name(&self) -> &str {
        let (Self::Function(name) | Self::Custom(name) | Self::Absent(name)) = self;
        name
    }

    /// Whether this names `tool`, declared in `namespace`.
    pub fn names(&self, namespace: Option<&str>, tool: &OwnTool) -> bool {
        let kind = matches!(
            (self, tool),
            (Self::Function(_), OwnTool::Function(_)) | (Self::Custom(_), OwnTool::Custom(_))
        );
        kind && tool.in_namespace(namespace).flat() == self.name()
    }
}

/// The mode of [`ToolChoice::Allowed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedMode {
    /// The model decides.
    Auto,
    /// At least one call.
    Required,
}

impl OwnTool {
    /// The tool's own name.
    pub fn name(&self) -> &str {
        match self {
            Self::Function(tool) => &tool.name,
            Self::Custom(tool) => &tool.name,
        }
    }

    /// The tool's name where it is declared in `namespace`.
    pub fn in_namespace(&self, namespace: Option<&str>) -> ToolName {
        ToolName { namespace: namespace.map(str::to_owned), name: self.name().to_owned() }
    }
}

impl Tool {
    /// The tools that the model may call, each with its namespace.
    pub fn callable(&self) -> impl Iterator<Item = (Option<&str>, &OwnTool)> {
        let (namespace, tools) = match self {
            Self::Own(tool) => (None, std::slice::from_ref(tool)),
            Self::Namespace(space) => (Some(space.name.as_str()), space.tools.as_slice()),
            Self::OfflineSearch { .. } => (None, [].as_slice()),
        };
        tools.iter().map(move |tool| (namespace, tool))
    }
}

impl ToolName {
    /// A name without a namespace.
    pub fn plain(name: impl Into<String>) -> Self {
        Self { namespace: None, name: name.into() }
    }

    /// The name in one word, as model servers know it: `namespace__name`. What would be longer than
    /// 64 bytes, or has other characters than functions may have, is cut and ends in a digest of the
    /// whole. Equal names have equal flat names, on every machine.
    pub fn flat(&self) -> Cow<'_, str> {
        match &self.namespace {
            None => Cow::Borrowed(&self.name),
            Some(namespace) => Cow::Owned(fitting(&format!("{namespace}{JOINT}{}", self.name))),
        }
    }
}

/// A name with the length and the characters of functions.
fn fitting(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.len() <= MAX_FLAT_NAME && name.chars().all(plain) {
        return name.to_owned();
    }
    let kept = name.chars().map(|c| if plain(c) { c } else { '_' });
    let kept: String = kept.take(MAX_FLAT_NAME - DIGEST - 1).collect();
    format!("{kept}_{:08x}", digest(name.as_bytes()))
}

/// FNV-1a with 32 bits: it only has to tell names apart.
fn digest(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests;
