//! Whether the input of a custom tool follows its grammar.
//!
//! Model servers enforce a grammar only where the tool is forced, and some do not even then. So every
//! call is checked when it has ended, and the item says what came of it. Everything here has a
//! bound; what reaches it is reported as unchecked, which is not the same as right.

use std::collections::HashMap;

use transom_core::item::{Conformity, Untold};
use transom_core::tool::{InputFormat, OwnTool, Tool, ToolName};

mod lark;
mod regex;

/// The longest input that is checked, in bytes.
const MAX_INPUT: usize = 1 << 20;

/// The most inputs of one answer that are checked: each may take a moment.
const MAX_CHECKED: usize = 32;

/// The grammars of the tools in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grammars {
    formats: HashMap<ToolName, InputFormat>,
    checked: usize,
}

impl Grammars {
    /// Those of the custom tools that have one.
    pub(crate) fn of(tools: &[Tool]) -> Self {
        let callable = tools.iter().flat_map(Tool::callable);
        let formats = callable.filter_map(|(namespace, tool)| match tool {
            OwnTool::Custom(custom) if custom.format != InputFormat::Text => {
                Some((tool.in_namespace(namespace), custom.format.clone()))
            }
            OwnTool::Custom(_) | OwnTool::Function(_) => None,
        });
        Self { formats: formats.collect(), checked: 0 }
    }

    /// Checks the whole input of a tool.
    pub(crate) fn check(&mut self, tool: &ToolName, input: &str) -> Conformity {
        let Some(format) = self.formats.get(tool) else { return Conformity::Unasked };
        self.checked += 1;
        match format {
            InputFormat::Text => Conformity::Unasked,
            _ if input.len() > MAX_INPUT => Conformity::Unknown(Untold::Length),
            _ if self.checked > MAX_CHECKED => Conformity::Unknown(Untold::Work),
            InputFormat::Regex(pattern) => whole(regex::check(pattern, input), input),
            InputFormat::Lark(grammar) => whole(lark::check(grammar, input), input),
        }
    }
}

/// No place lies within a character.
fn whole(conformity: Conformity, input: &str) -> Conformity {
    match conformity {
        Conformity::Breaks { at } => Conformity::Breaks { at: input.floor_char_boundary(at) },
        other => other,
    }
}

#[cfg(test)]
mod tests;
