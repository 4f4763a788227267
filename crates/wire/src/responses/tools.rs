//! Tools and tool choice: from requests, to response objects and stored rows, and back.
//!
//! The form shown in a response object is also the form kept in a stored turn, so a continuation
//! reads its inherited tools with the same code as a request's own.

use std::collections::HashSet;

use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::failure::Failure;
use transom_core::tool::{CustomTool, FunctionTool, InputFormat, Namespace, OwnTool, Tool};

use super::json;
use super::path::Path;
use super::read::{self, Object};
use super::refuse;

pub(super) use choice::{check_choice, read_choice};
pub use choice::{choice_from_json, choice_to_json};

mod choice;
mod shown;

/// The most tools that one request may declare, those in namespaces included.
pub const MAX_TOOLS: usize = 1024;

/// The longest name of a function, in bytes (OpenAI's API reference).
const MAX_NAME: usize = 64;

/// The types of tools that are available.
const AVAILABLE: &[&str] = &["function", "custom", "namespace"];

/// The names of the search of the web, which is accepted where it may not reach the web.
pub(super) const SEARCHES: &[&str] =
    &["web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11"];

/// The other types of tools that OpenAI knows and this gateway does not run.
pub(super) const ELSEWHERE: &[&str] = &[
    "file_search",
    "code_interpreter",
    "mcp",
    "computer",
    "computer_use_preview",
    "image_generation",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
];

/// The types of tools that are known.
#[cfg(test)]
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    [AVAILABLE, SEARCHES, ELSEWHERE].into_iter().flatten().copied()
}

/// Tools as a response object and a stored turn show them: a JSON array.
pub fn to_json(tools: &[Tool]) -> Json {
    json::raw(&shown::Tools(tools))
}

/// The reverse of [`to_json`], for inherited tools.
pub fn from_json(tools: &Json) -> Result<Vec<Tool>, Failure> {
    read_tools(tools, &Path::Root.field("tools"))
}

/// The tools of a request.
pub(super) fn read_tools(raw: &RawValue, path: &Path<'_>) -> Result<Vec<Tool>, Failure> {
    let elements = read::array(raw, path)?;
    let mut tools: Vec<Tool> = Vec::with_capacity(elements.len().min(MAX_TOOLS));
    let (mut names, mut spaces) = (HashSet::new(), HashSet::new());
    for (index, element) in elements.into_iter().enumerate() {
        let at = path.element(index);
        let tool = read_tool(Object::read(element, &at)?, element)?;
        if let Tool::Namespace(space) = &tool
            && !spaces.insert(space.name.clone())
        {
            let why = format!("the namespace '{}' is declared twice.", space.name);
            return Err(refuse::wrong_value(&at.field("name"), &why));
        }
        for (space, own) in tool.callable() {
            let name = own.in_namespace(space).flat().into_owned();
            if !names.insert(name.clone()) {
                let why = format!("the tool '{name}' is declared twice.");
                return Err(refuse::wrong_value(&at.field("name"), &why));
            }
        }
        if names.len() > MAX_TOOLS || index >= MAX_TOOLS {
            let why = format!("there may be at most {MAX_TOOLS} tools.");
            return Err(refuse::wrong_value(path, &why));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn read_tool(mut tool: Object<'_, '_>, whole: &RawValue) -> Result<Tool, Failure> {
    let kind = tool.require_string("type")?;
    match kind.as_str() {
        "function" | "custom" => read_own(tool, &kind).map(Tool::Own),
        "namespace" => read_namespace(tool).map(Tool::Namespace),
        _ if SEARCHES.contains(&kind.as_str())
            && tool.flag("external_web_access")? == Some(false) =>
        {
            Ok(Tool::OfflineSearch { kind, json: whole.to_owned() })
        }
        _ => Err(not_here(&tool.path().field("type"), &kind)),
    }
}

fn read_namespace(mut space: Object<'_, '_>) -> Result<Namespace, Failure> {
    let path = space.path();
    let name = space.require_string("name")?;
    check_name(&name, &path.field("name"))?;
    let description = space.require_string("description")?;
    if description.is_empty() {
        return Err(refuse::wrong_value(&path.field("description"), "it may not be empty."));
    }
    let list = path.field("tools");
    let mut tools = Vec::new();
    let elements = read::array(space.require("tools")?, &list)?;
    if elements.is_empty() {
        return Err(refuse::wrong_value(&list, "a namespace holds at least one tool."));
    }
    for (index, element) in elements.into_iter().enumerate() {
        let at = list.element(index);
        let mut tool = Object::read(element, &at)?;
        let kind = tool.require_string("type")?;
        if kind != "function" && kind != "custom" {
            let why = format!("a namespace holds functions and custom tools, not '{kind}'.");
            return Err(refuse::unsupported_value(&at.field("type"), &why));
        }
        tools.push(read_own(tool, &kind)?);
    }
    Ok(Namespace { name, description, tools })
}

/// A tool that the client runs, whose type has been taken.
fn read_own(mut tool: Object<'_, '_>, kind: &str) -> Result<OwnTool, Failure> {
    refuse_nested(&tool, kind)?;
    let name = tool.require_string("name")?;
    check_name(&name, &tool.path().field("name"))?;
    let description = tool.string("description")?;
    let defer_loading = tool.flag("defer_loading")?;
    if kind == "custom" {
        let format = read_input_format(&mut tool)?;
        return Ok(OwnTool::Custom(CustomTool { name, description, format, defer_loading }));
    }
    let parameters = tool.opaque_object("parameters")?;
    let strict = tool.flag("strict")?;
    Ok(OwnTool::Function(FunctionTool { name, description, parameters, strict, defer_loading }))
}

fn read_input_format(tool: &mut Object<'_, '_>) -> Result<InputFormat, Failure> {
    let Some(raw) = tool.take("format") else { return Ok(InputFormat::Text) };
    let path = tool.path().field("format");
    let mut format = Object::read(raw, &path)?;
    match format.word("type", &["text", "grammar"])? {
        None => return Err(refuse::missing(&path.field("type"))),
        Some("text") => return Ok(InputFormat::Text),
        Some(_) => {}
    }
    let syntax = format.word("syntax", &["lark", "regex"])?;
    let definition = format.require_string("definition")?;
    match syntax {
        None => Err(refuse::missing(&path.field("syntax"))),
        Some("lark") => Ok(InputFormat::Lark(definition)),
        Some(_) => Ok(InputFormat::Regex(definition)),
    }
}

/// The chat API nests what this API has flat, a common mistake worth a hint.
fn refuse_nested(object: &Object<'_, '_>, kind: &str) -> Result<(), Failure> {
    if !object.has(kind) {
        return Ok(());
    }
    let hint = format!(
        "This is the form of the chat API: here the tool's fields stand beside 'type', \
         without '{kind}' around them.",
    );
    Err(refuse::unknown_parameter(&object.path().field(kind), &hint))
}

/// What makes a search of the web acceptable, and how to say so where the tool is Codex's.
const OFFLINE: &str = " With 'external_web_access': false it is accepted and left out. In Codex, set \
                       `web_search = \"disabled\"` in config.toml.";

fn not_here(path: &Path<'_>, kind: &str) -> Failure {
    let search = SEARCHES.contains(&kind);
    if search || ELSEWHERE.contains(&kind) {
        let list = refuse::list(AVAILABLE);
        let hint = if search { OFFLINE } else { "" };
        let why =
            format!("tools of type '{kind}' are not available here, these are: {list}.{hint}");
        return refuse::unsupported_value(path, &why);
    }
    refuse::wrong_word(path, kind, AVAILABLE)
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
