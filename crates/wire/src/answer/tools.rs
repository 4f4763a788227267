//! Which tool a call is for.

use std::collections::HashMap;

use transom_core::request::Generation;
use transom_core::tool::{OwnTool, Tool, ToolName};

use crate::chat::forced;

/// The declared tools by the names under which model servers know them.
#[derive(Clone, Default)]
pub(crate) struct Tools {
    callees: HashMap<String, Callee>,
    forced: Option<ToolName>,
}

/// A tool that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    Function(ToolName),
    Custom(ToolName),
}

impl Tools {
    /// The tools of a generation. A tool in a namespace is also known by its own name where that is
    /// no other tool's: models drop prefixes.
    pub(crate) fn of(generation: &Generation) -> Self {
        let mut callees = HashMap::new();
        let mut short: HashMap<&str, Option<Callee>> = HashMap::new();
        for (namespace, tool) in generation.tools.iter().flat_map(Tool::callable) {
            let name = tool.in_namespace(namespace);
            let flat = name.flat().into_owned();
            let callee = match tool {
                OwnTool::Function(_) => Callee::Function(name),
                OwnTool::Custom(_) => Callee::Custom(name),
            };
            if namespace.is_some() {
                let only = (!short.contains_key(tool.name())).then(|| callee.clone());
                short.insert(tool.name(), only);
            }
            callees.insert(flat, callee);
        }
        for (name, callee) in short {
            if let Some(callee) = callee {
                callees.entry(name.to_owned()).or_insert(callee);
            }
        }
        Self { callees, forced: forced::of(generation).map(|forced| forced.tool) }
    }

    /// The tool of a call.
    pub(crate) fn callee(&self, name: &str) -> Callee {
        let found = self.callees.get(name).cloned();
        found.unwrap_or_else(|| Callee::Function(ToolName::plain(name)))
    }

    /// The tool whose input is the model's whole text.
    pub(crate) fn forced(&self) -> Option<&ToolName> {
        self.forced.as_ref()
    }
}
