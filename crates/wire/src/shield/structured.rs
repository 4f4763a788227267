//! Tools and answer formats: everything a grammar is compiled from.

use transom_core::failure::Invalid;

use super::rules::look;
use super::{Caps, Inspection, denied, too_large, wrong_type};
use crate::scan::{Member, View};

/// `tools` of a chat request. Tools that are not functions are left to the model server.
pub(super) fn tools(
    name: &str,
    raw: &str,
    caps: &Caps,
    inspection: &mut Inspection<'_>,
) -> Result<(), Invalid> {
    let View::Array(tools) = look(name, raw)? else {
        return Err(wrong_type(name, "a list"));
    };
    if tools.len() > caps.tools {
        return Err(too_large(name, caps.tools, " tools"));
    }
    for (place, tool) in tools.iter().enumerate() {
        let param = format!("{name}[{place}]");
        let tool = look(&param, tool)?;
        if !matches!(tool, View::Object(_)) {
            return Err(wrong_type(&param, "an object"));
        }
        if let Some(function) = tool.get("function") {
            self::function(&format!("{param}.function"), function, inspection)?;
        }
    }
    Ok(())
}

fn function(param: &str, raw: &str, inspection: &mut Inspection<'_>) -> Result<(), Invalid> {
    let function = look(param, raw)?;
    let name_param = format!("{param}.name");
    match function.get("name").map(|name| look(&name_param, name)).transpose()? {
        Some(View::String(name)) => inspection.tool_name(&name, &name_param)?,
        _ => return Err(wrong_type(&name_param, "a string")),
    }
    match function.get("parameters") {
        None | Some("null") => Ok(()),
        Some(schema) => inspection.schema(schema, &format!("{param}.parameters")),
    }
}

/// `response_format`: a JSON Schema at its known place, or anything of a schema's bounds.
pub(super) fn response_format(
    name: &str,
    raw: &str,
    inspection: &mut Inspection<'_>,
) -> Result<(), Invalid> {
    let format = look(name, raw)?;
    if !matches!(format, View::Object(_)) {
        return Err(wrong_type(name, "an object"));
    }
    if format.get("type") != Some("\"json_schema\"") {
        return inspection.wrapper(raw, name);
    }
    let param = format!("{name}.json_schema");
    match format.get("json_schema") {
        None => Err(wrong_type(&param, "an object")),
        Some(outer) => match look(&param, outer)?.get("schema") {
            None | Some("null") => inspection.wrapper(outer, &param),
            Some(schema) => inspection.schema(schema, &format!("{param}.schema")),
        },
    }
}

/// vLLM's `structured_outputs`.
pub(super) fn structured_outputs(
    name: &str,
    raw: &str,
    inspection: &mut Inspection<'_>,
) -> Result<(), Invalid> {
    let View::Object(members) = look(name, raw)? else {
        return Err(wrong_type(name, "an object"));
    };
    for Member { name: member, value, .. } in members.iter().filter(|m| m.value != "null") {
        let param = format!("{name}.{member}");
        match &**member {
            "json" => inspection.schema(value, &param)?,
            "regex" | "whitespace_pattern" => regex(&param, value, inspection)?,
            "backend" | "_backend" | "_backend_was_auto" => return Err(denied(&param)),
            _ => grammar(&param, value, inspection.caps())?,
        }
    }
    Ok(())
}

pub(super) fn regex(name: &str, raw: &str, inspection: &mut Inspection<'_>) -> Result<(), Invalid> {
    match look(name, raw)? {
        View::String(pattern) => inspection.regex(&pattern, name),
        _ => Err(wrong_type(name, "a string")),
    }
}

pub(super) fn grammar(name: &str, raw: &str, caps: &Caps) -> Result<(), Invalid> {
    if raw.len() > caps.schema_bytes {
        return Err(too_large(name, caps.schema_bytes, " bytes"));
    }
    match look(name, raw)? {
        View::Array(entries) if entries.len() > caps.schema_nodes => {
            Err(too_large(name, caps.schema_nodes, " entries"))
        }
        _ => Ok(()),
    }
}

/// Tags with schemas between them, as such or in a string.
pub(super) fn structural_tag(
    name: &str,
    raw: &str,
    inspection: &mut Inspection<'_>,
) -> Result<(), Invalid> {
    match look(name, raw)? {
        View::String(text) => inspection.wrapper(&text, name),
        _ => inspection.wrapper(raw, name),
    }
}
