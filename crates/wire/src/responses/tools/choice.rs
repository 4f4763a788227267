//! Whether and what the model has to call.

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::Failure;
use transom_core::tool::{AllowedMode, NamedTool, Tool, ToolChoice};

use super::{MAX_TOOLS, SEARCHES, not_here, refuse_nested, shown};
use crate::responses::path::Path;
use crate::responses::read::{self, Object};
use crate::responses::{json, refuse};

/// A tool choice as a response object and a stored turn show it.
pub fn choice_to_json(choice: &ToolChoice) -> Json {
    json::raw(&shown::Choice(choice))
}

/// The reverse of [`choice_to_json`], for an inherited choice.
pub fn choice_from_json(choice: &Json) -> Result<ToolChoice, Failure> {
    read_choice(choice, &Path::Root.field("tool_choice"))
}

/// The tool choice of a request.
pub(in crate::responses) fn read_choice(
    raw: &RawValue,
    path: &Path<'_>,
) -> Result<ToolChoice, Failure> {
    if raw.get().starts_with('"') {
        return Ok(match read::word(raw, path, &["none", "auto", "required"])? {
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => ToolChoice::Auto,
        });
    }
    if !raw.get().starts_with('{') {
        return Err(refuse::wrong_type(path, "a string or an object", raw));
    }
    let choice = Object::read(raw, path)?;
    if choice.is_type("allowed_tools") {
        return read_allowed(choice);
    }
    read_named(choice).map(ToolChoice::Tool)
}

/// One tool by its type and name.
fn read_named(mut tool: Object<'_, '_>) -> Result<NamedTool, Failure> {
    let kind = tool.require_string("type")?;
    if SEARCHES.contains(&kind.as_str()) {
        return Ok(NamedTool::Absent(kind));
    }
    if kind != "function" && kind != "custom" {
        return Err(not_here(&tool.path().field("type"), &kind));
    }
    refuse_nested(&tool, &kind)?;
    let name = tool.require_string("name")?;
    Ok(if kind == "custom" { NamedTool::Custom(name) } else { NamedTool::Function(name) })
}

fn read_allowed(mut choice: Object<'_, '_>) -> Result<ToolChoice, Failure> {
    let path = choice.path();
    let mode = match choice.word("mode", &["auto", "required"])? {
        None => return Err(refuse::missing(&path.field("mode"))),
        Some("required") => AllowedMode::Required,
        Some(_) => AllowedMode::Auto,
    };
    let tools = path.field("tools");
    let elements = read::array(choice.require("tools")?, &tools)?;
    if elements.is_empty() || elements.len() > MAX_TOOLS {
        let why = format!("name 1 to {MAX_TOOLS} of the declared tools.");
        return Err(refuse::wrong_value(&tools, &why));
    }
    let named = |(index, element): (usize, &&RawValue)| {
        read_named(Object::read(element, &tools.element(index))?)
    };
    let tools = elements.iter().enumerate().map(named).collect::<Result<_, _>>()?;
    Ok(ToolChoice::Allowed { mode, tools })
}

/// Checks that every tool a choice names is declared, and that a forced call has a tool to call at
/// all.
pub(in crate::responses) fn check_choice(
    choice: &ToolChoice,
    tools: &[Tool],
) -> Result<(), Failure> {
    let path = Path::Root.field("tool_choice");
    let offered = |named: &NamedTool| {
        let mut callable = tools.iter().flat_map(Tool::callable);
        callable.any(|(namespace, tool)| named.names(namespace, tool))
    };
    let left_out = |named: &NamedTool| {
        let same =
            |tool: &Tool| matches!(tool, Tool::OfflineSearch { kind, .. } if kind == named.name());
        matches!(named, NamedTool::Absent(_)) && tools.iter().any(same)
    };
    let absent = match choice {
        ToolChoice::Tool(named) if left_out(named) => {
            let why = format!("'{}' is left out here: it cannot be called.", named.name());
            return Err(refuse::wrong_value(&path, &why));
        }
        ToolChoice::Allowed { mode: AllowedMode::Required, tools }
            if tools.iter().all(left_out) =>
        {
            let why = "'required' needs at least one tool that the model can call.";
            return Err(refuse::wrong_value(&path, why));
        }
        ToolChoice::Required if !tools.iter().any(|tool| tool.callable().next().is_some()) => {
            let why = "'required' needs at least one tool that the model can call.";
            return Err(refuse::wrong_value(&path, why));
        }
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => None,
        ToolChoice::Tool(named) => (!offered(named)).then_some(named),
        ToolChoice::Allowed { tools, .. } => {
            tools.iter().find(|named| !offered(named) && !left_out(named))
        }
    };
    match absent {
        None => Ok(()),
        Some(named) => {
            let kind = match named {
                NamedTool::Function(_) => "function",
                NamedTool::Custom(_) => "custom tool",
                NamedTool::Absent(_) => "hosted tool",
            };
            let why = format!("the {kind} '{}' is not among the tools.", named.name());
            Err(refuse::wrong_value(&path, &why))
        }
    }
}
