//! A custom tool that has to be called and whose input has a grammar.
//!
//! A grammar cannot be put around JSON that holds the input as a string. So the model server is
//! asked for the bare input as its answer, with the grammar on the whole of it, and that answer
//! becomes the call. (Regular expressions need none of this: JSON Schema has `pattern`.)

use transom_core::request::Generation;
use transom_core::tool::{InputFormat, NamedTool, OwnTool, Tool, ToolChoice, ToolName};

/// What the model is told of the tool, since nothing else tells it that this is a call. It stands in
/// the tool's description: messages are for what stays as it is in the turns that follow.
pub(super) const INSTRUCTION: &str =
    "Answer with the input for this tool now, and with nothing else.";

/// The tool, and the grammar of its input in Lark's notation.
pub(crate) struct Forced<'a> {
    pub(crate) tool: ToolName,
    pub(crate) grammar: &'a str,
}

impl Forced<'_> {
    /// Whether this is the tool.
    pub(super) fn is(&self, namespace: Option<&str>, tool: &OwnTool) -> bool {
        self.tool == tool.in_namespace(namespace)
    }
}

/// The tool of this kind that the generation forces.
pub(crate) fn of(generation: &Generation) -> Option<Forced<'_>> {
    let ToolChoice::Tool(named @ NamedTool::Custom(_)) = &generation.tool_choice else {
        return None;
    };
    let mut callable = generation.tools.iter().flat_map(Tool::callable);
    let (namespace, tool) = callable.find(|(namespace, tool)| named.names(*namespace, tool))?;
    match tool {
        OwnTool::Custom(custom) => match &custom.format {
            InputFormat::Lark(grammar) => {
                Some(Forced { tool: tool.in_namespace(namespace), grammar })
            }
            InputFormat::Text | InputFormat::Regex(_) => None,
        },
        OwnTool::Function(_) => None,
    }
}
