//! Reads the items of hosted tools: which fields they need, and what the model is told of them.
//!
//! Required are the fields that OpenAI's schema requires and the model is told of. Whatever else
//! an item has is kept unread.

use serde::Serialize;
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::content::{Image, Part};
use transom_core::failure::Failure;
use transom_core::item::{FunctionOutput, HostedItem, HostedKind, Told};
use transom_core::tool::ToolName;

use super::{read_id, require_filled};
use crate::responses::json;
use crate::responses::read::Object;
use crate::responses::refuse;

/// The arguments of a call that has none to show.
const NO_ARGUMENTS: &str = "{}";

/// Reads an item whose type has been taken.
pub(super) fn read(mut item: Object<'_, '_>, kind: HostedKind) -> Result<HostedItem, Failure> {
    let mut fields = item.rest();
    complete(&mut fields, kind);
    let id = read_id(&mut item)?;
    let told = match kind {
        HostedKind::WebSearchCall
        | HostedKind::FileSearchCall
        | HostedKind::CodeInterpreterCall
        | HostedKind::ImageGenerationCall
        | HostedKind::McpCall => done(&mut item, kind)?,
        HostedKind::McpListTools => {
            item.require_array("tools")?;
            Told::Nothing
        }
        HostedKind::McpApprovalRequest => approval_request(&mut item, id.as_ref())?,
        HostedKind::McpApprovalResponse => approval_response(&mut item)?,
        HostedKind::LocalShellCall => call(&mut item, "local_shell", "action")?,
        HostedKind::ShellCall => call(&mut item, "shell", "action")?,
        HostedKind::ApplyPatchCall => call(&mut item, "apply_patch", "operation")?,
        HostedKind::ComputerCall => {
            let field = if item.has("actions") { "actions" } else { "action" };
            call(&mut item, "computer", field)?
        }
        HostedKind::ToolSearchCall => {
            let raw = item.require("arguments")?;
            tool_search(&mut item, raw, search_call)?
        }
        HostedKind::ToolSearchOutput => {
            let raw = structured(&mut item, "tools")?;
            tool_search(&mut item, raw, output)?
        }
        HostedKind::LocalShellCallOutput => local_shell_output(&mut item, id.as_ref())?,
        HostedKind::ShellCallOutput => {
            let call_id = require_filled(&mut item, "call_id")?;
            output(call_id, structured(&mut item, "output")?)
        }
        HostedKind::ApplyPatchCallOutput => patch_output(&mut item)?,
        HostedKind::ComputerCallOutput => screenshot(&mut item)?,
    };
    Ok(HostedItem { id, kind, fields, told })
}

/// Adds what OpenAI's schema requires of an item that is shown and not of one that is sent.
fn complete(fields: &mut Vec<(String, Json)>, kind: HostedKind) {
    let absent: &[(&str, Option<&str>)] = match kind {
        HostedKind::ShellCall => &[("status", Some("completed")), ("environment", None)],
        HostedKind::ShellCallOutput => {
            &[("status", Some("completed")), ("max_output_length", None)]
        }
        HostedKind::ComputerCallOutput
        | HostedKind::ToolSearchCall
        | HostedKind::ToolSearchOutput => &[("status", Some("completed"))],
        _ => &[],
    };
    for (name, value) in absent {
        if !fields.iter().any(|(field, _)| field == name) {
            fields.push(((*name).to_owned(), json::raw(value)));
        }
    }
}

/// A call that its server has run already.
fn done(item: &mut Object<'_, '_>, kind: HostedKind) -> Result<Told, Failure> {
    let (name, arguments, result) = match kind {
        HostedKind::McpCall => {
            let namespace = Some(require_filled(item, "server_label")?);
            let name = ToolName { namespace, name: require_filled(item, "name")? };
            let arguments = item.require_string("arguments")?;
            let error = item.take("error").map(|raw| json::raw(&Failed { error: raw }));
            let result = match item.string("output")? {
                Some(output) => Some(output),
                None => error.map(|json| json.get().to_owned()),
            };
            (name.flat().into_owned(), arguments, result)
        }
        HostedKind::WebSearchCall => {
            let action = item.take("action").map_or(NO_ARGUMENTS, RawValue::get).to_owned();
            ("web_search".to_owned(), action, raw_text(item.take("results")))
        }
        HostedKind::FileSearchCall => {
            let queries = item.require_array("queries")?;
            let arguments = json::raw(&Queries { queries }).get().to_owned();
            ("file_search".to_owned(), arguments, raw_text(item.take("results")))
        }
        HostedKind::CodeInterpreterCall => {
            let code = item.string("code")?;
            let arguments = json::raw(&Code { code: code.as_deref() }).get().to_owned();
            ("code_interpreter".to_owned(), arguments, raw_text(item.take("outputs")))
        }
        _ => ("image_generation".to_owned(), NO_ARGUMENTS.to_owned(), None),
    };
    let status = item.string("status")?.unwrap_or_else(|| "completed".to_owned());
    // What a server kept to itself cannot be told; that it ran can.
    let result = result.unwrap_or_else(|| json::raw(&Ended { status: &status }).get().to_owned());
    Ok(Told::Done { name, arguments, result })
}

fn raw_text(raw: Option<&RawValue>) -> Option<String> {
    raw.map(|raw| raw.get().to_owned())
}

/// A call that the client answers.
fn call(item: &mut Object<'_, '_>, name: &str, field: &'static str) -> Result<Told, Failure> {
    let call_id = require_filled(item, "call_id")?;
    let arguments = structured(item, field)?.get().to_owned();
    Ok(Told::Call { call_id, name: name.to_owned(), arguments })
}

/// The fields whose value is a list; those of all others are objects.
const LISTS: &[&str] = &["actions", "output", "tools"];

/// Takes an object or a list that has to be there and is carried without being read.
fn structured<'d>(item: &mut Object<'d, '_>, field: &'static str) -> Result<&'d RawValue, Failure> {
    let (opening, expected) =
        if LISTS.contains(&field) { ('[', "an array") } else { ('{', "an object") };
    let raw = item.require(field)?;
    if raw.get().starts_with(opening) {
        return Ok(raw);
    }
    Err(refuse::wrong_type(&item.path().field(field), expected, raw))
}

/// A search among tools: with a call id it was the client's, without one the server's own.
fn tool_search(
    item: &mut Object<'_, '_>,
    raw: &RawValue,
    told: fn(String, &RawValue) -> Told,
) -> Result<Told, Failure> {
    Ok(item.string("call_id")?.map_or(Told::Nothing, |call_id| told(call_id, raw)))
}

fn search_call(call_id: String, arguments: &RawValue) -> Told {
    Told::Call { call_id, name: "tool_search".to_owned(), arguments: arguments.get().to_owned() }
}

fn output(call_id: String, raw: &RawValue) -> Told {
    Told::Output { call_id, output: FunctionOutput::Text(raw.get().to_owned()) }
}

/// Requests have no call id: their answers name their own id.
fn approval_request(
    item: &mut Object<'_, '_>,
    id: Option<&transom_core::id::ItemId>,
) -> Result<Told, Failure> {
    let Some(id) = id else { return Err(refuse::missing(&item.path().field("id"))) };
    let server_label = require_filled(item, "server_label")?;
    let tool = require_filled(item, "name")?;
    let arguments = item.require_string("arguments")?;
    let asked = Approval { server_label: &server_label, name: &tool, arguments: &arguments };
    Ok(Told::Call {
        call_id: id.as_str().to_owned(),
        name: "mcp_approval_request".to_owned(),
        arguments: json::raw(&asked).get().to_owned(),
    })
}

fn approval_response(item: &mut Object<'_, '_>) -> Result<Told, Failure> {
    let call_id = require_filled(item, "approval_request_id")?;
    let Some(approve) = item.flag("approve")? else {
        return Err(refuse::missing(&item.path().field("approve")));
    };
    let reason = item.string("reason")?;
    let answer = json::raw(&Approved { approve, reason: reason.as_deref() });
    Ok(Told::Output { call_id, output: FunctionOutput::Text(answer.get().to_owned()) })
}

/// OpenAI's schema has the call's id in `id`, its guide in `call_id`.
fn local_shell_output(
    item: &mut Object<'_, '_>,
    id: Option<&transom_core::id::ItemId>,
) -> Result<Told, Failure> {
    let call_id = match id {
        Some(id) if !item.has("call_id") => id.as_str().to_owned(),
        _ => require_filled(item, "call_id")?,
    };
    let text = item.require_string("output")?;
    Ok(Told::Output { call_id, output: FunctionOutput::Text(text) })
}

fn patch_output(item: &mut Object<'_, '_>) -> Result<Told, Failure> {
    let call_id = require_filled(item, "call_id")?;
    let status = item.require_string("status")?;
    let output = item.string("output")?;
    let said = json::raw(&Patched { status: &status, output: output.as_deref() });
    Ok(Told::Output { call_id, output: FunctionOutput::Text(said.get().to_owned()) })
}

/// A picture where there is one; a file that was uploaded elsewhere can only be named.
fn screenshot(item: &mut Object<'_, '_>) -> Result<Told, Failure> {
    let call_id = require_filled(item, "call_id")?;
    let at = item.path().field("output");
    let raw = item.require("output")?;
    let output = match Object::read(raw, &at)?.string("image_url")? {
        Some(url) => FunctionOutput::Parts(vec![Part::Image(Image { url, detail: None })]),
        None => FunctionOutput::Text(raw.get().to_owned()),
    };
    Ok(Told::Output { call_id, output })
}

#[derive(Serialize)]
struct Failed<'a> {
    error: &'a RawValue,
}

#[derive(Serialize)]
struct Queries {
    queries: Vec<Json>,
}

#[derive(Serialize)]
struct Code<'a> {
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct Ended<'a> {
    status: &'a str,
}

#[derive(Serialize)]
struct Approval<'a> {
    server_label: &'a str,
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Approved<'a> {
    approve: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Patched<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}
