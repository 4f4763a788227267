//! Tools and tool choice: from requests, to response objects and stored rows, and back.
//!
//! The form shown in a response object is also the form kept in a stored turn, so a continuation
//! reads its inherited tools with the same code as a request's own.

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::Failure;
use transom_core::tool::FunctionTool;

use super::json;
use super::path::Path;
use super::read::{self, Object};
use super::refuse;

pub(super) use choice::{check_choice, read_choice};
pub use choice::{choice_from_json, choice_to_json};

mod choice;
mod shown;

/// The most tools that one request may declare.
pub const MAX_TOOLS: usize = 1024;

/// The longest name of a function, in bytes (OpenAI's API reference).
const MAX_NAME: usize = 64;

/// The types of tools that OpenAI knows and this gateway does not run.
const ELSEWHERE: &[&str] = &[
    "web_search",
    "web_search_preview",
    "file_search",
    "code_interpreter",
    "mcp",
    "computer",
    "computer_use_preview",
    "image_generation",
    "local_shell",
    "shell",
    "apply_patch",
    "custom",
    "namespace",
    "tool_search",
];

/// Tools as a response object and a stored turn show them: a JSON array.
pub fn to_json(tools: &[FunctionTool]) -> Json {
    json::raw(&shown::Tools(tools))
}

/// The reverse of [`to_json`], for inherited tools.
pub fn from_json(tools: &Json) -> Result<Vec<FunctionTool>, Failure> {
    read_tools(tools, &Path::Root.field("tools"))
}

/// The tools of a request.
pub(super) fn read_tools(raw: &RawValue, path: &Path<'_>) -> Result<Vec<FunctionTool>, Failure> {
    let elements = read::array(raw, path)?;
    if elements.len() > MAX_TOOLS {
        let why = format!("there may be at most {MAX_TOOLS} tools.");
        return Err(refuse::wrong_value(path, &why));
    }
    let mut tools: Vec<FunctionTool> = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let at = path.element(index);
        let tool = read_tool(Object::read(element, &at)?)?;
        if tools.iter().any(|other| other.name == tool.name) {
            let why = format!("the function '{}' is declared twice.", tool.name);
            return Err(refuse::wrong_value(&at.field("name"), &why));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn read_tool(mut tool: Object<'_, '_>) -> Result<FunctionTool, Failure> {
    let kind = tool.require_string("type")?;
    if kind != "function" {
        return Err(not_here(&tool.path().field("type"), &kind));
    }
    refuse_nested(&tool)?;
    let name = tool.require_string("name")?;
    check_name(&name, &tool.path().field("name"))?;
    Ok(FunctionTool {
        name,
        description: tool.string("description")?,
        parameters: tool.opaque_object("parameters")?,
        strict: tool.flag("strict")?,
    })
}

/// The chat API nests what this API has flat, a common mistake worth a hint.
fn refuse_nested(object: &Object<'_, '_>) -> Result<(), Failure> {
    if !object.has("function") {
        return Ok(());
    }
    let hint = "This is the form of the chat API: here the fields of the function stand beside \
                'type', without 'function' around them.";
    Err(refuse::unknown_parameter(&object.path().field("function"), hint))
}

fn not_here(path: &Path<'_>, kind: &str) -> Failure {
    if ELSEWHERE.contains(&kind) {
        let why = format!("tools of type '{kind}' are not available here, only 'function' is.");
        return refuse::unsupported_value(path, &why);
    }
    refuse::wrong_word(path, kind, &["function"])
}

/// Checks a name against `^[A-Za-z0-9_-]{1,64}$`, OpenAI's rule for functions and schemas.
pub(super) fn check_name(name: &str, path: &Path<'_>) -> Result<(), Failure> {
    let plain =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && (1..=MAX_NAME).contains(&name.len()) {
        return Ok(());
    }
    let why = "a name is 1 to 64 characters, each a letter, a digit, '_' or '-'.";
    Err(refuse::wrong_value(path, why))
}

#[cfg(test)]
mod tests;
