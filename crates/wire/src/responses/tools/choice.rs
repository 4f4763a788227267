//! Whether and what the model has to call.

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::Failure;
use transom_core::tool::{AllowedMode, FunctionTool, ToolChoice};

use super::{MAX_TOOLS, not_here, refuse_nested, shown};
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
    let mut choice = Object::read(raw, path)?;
    match choice.require_string("type")?.as_str() {
        "function" => {
            refuse_nested(&choice)?;
            Ok(ToolChoice::Function(choice.require_string("name")?))
        }
        "allowed_tools" => read_allowed(choice),
        other => Err(not_here(&path.field("type"), other)),
    }
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
    let mut names = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let at = tools.element(index);
        let mut tool = Object::read(element, &at)?;
        let kind = tool.require_string("type")?;
        if kind != "function" {
            return Err(not_here(&at.field("type"), &kind));
        }
        refuse_nested(&tool)?;
        names.push(tool.require_string("name")?);
    }
    Ok(ToolChoice::Allowed { mode, names })
}

/// Checks that every function a choice names is declared, and that a forced call has a function to
/// call at all.
pub(in crate::responses) fn check_choice(
    choice: &ToolChoice,
    tools: &[FunctionTool],
) -> Result<(), Failure> {
    let path = Path::Root.field("tool_choice");
    let declared = |name: &String| tools.iter().any(|tool| tool.name == *name);
    let absent = match choice {
        ToolChoice::Required if tools.is_empty() => {
            return Err(refuse::wrong_value(&path, "'required' needs at least one tool."));
        }
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => None,
        ToolChoice::Function(name) => (!declared(name)).then_some(name),
        ToolChoice::Allowed { names, .. } => names.iter().find(|name| !declared(name)),
    };
    match absent {
        None => Ok(()),
        Some(name) => {
            let why = format!("the function '{name}' is not among the tools.");
            Err(refuse::wrong_value(&path, &why))
        }
    }
}
