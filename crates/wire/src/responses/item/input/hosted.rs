//! Reads the items of hosted tools: their fields, and what the model is told of them.
//!
//! `rules` says what each field has to be. What the model is told is made from the fields as they are
//! kept, so that it is the same when they are read again.

use serde::Serialize;
use serde_json::value::RawValue;
use transom_core::Json;
use transom_core::content::{Image, Part};
use transom_core::failure::Failure;
use transom_core::id::ItemId;
use transom_core::item::{FunctionOutput, HostedItem, HostedKind, Told};
use transom_core::tool::ToolName;

use super::read_id;
use crate::responses::item::fit;
use crate::responses::json;
use crate::responses::path::Path;
use crate::responses::read::Object;
use crate::responses::refuse;

mod rules;

pub(in crate::responses::item) use rules::ANNOTATION;

/// The arguments of a call that has none to show.
const NO_ARGUMENTS: &str = "{}";

/// Reads an item whose type has been taken.
pub(super) fn read(mut item: Object<'_, '_>, kind: HostedKind) -> Result<HostedItem, Failure> {
    let id = read_id(&mut item)?;
    let path = item.path();
    let mut fields = Fields(fit::fields(item, rules::of(kind))?);
    complete(&mut fields, kind, id.as_ref(), path)?;
    let told = tell(&fields, kind, id.as_ref());
    Ok(HostedItem { id, kind, fields: fields.0, told })
}

/// Sees to what depends on more than one field.
fn complete(
    fields: &mut Fields,
    kind: HostedKind,
    id: Option<&ItemId>,
    path: &Path<'_>,
) -> Result<(), Failure> {
    match kind {
        // Requests have no call id: their answers name their own id.
        HostedKind::McpApprovalRequest if id.is_none() => Err(refuse::missing(&path.field("id"))),
        HostedKind::LocalShellCallOutput if fields.get("call_id").is_none() => match id {
            Some(id) => {
                fields.0.push(("call_id".to_owned(), json::raw(id.as_str())));
                Ok(())
            }
            None => Err(refuse::missing(&path.field("call_id"))),
        },
        HostedKind::ComputerCall if fields.get("action").or(fields.get("actions")).is_none() => {
            Err(refuse::missing(&path.field("action")))
        }
        // With a call id a search among tools was the client's, without one the server's own.
        HostedKind::ToolSearchCall | HostedKind::ToolSearchOutput
            if fields.get("execution").is_none() =>
        {
            let client = fields.get("call_id").is_some();
            let execution = json::raw(if client { "client" } else { "server" });
            fields.0.push(("execution".to_owned(), execution));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn tell(fields: &Fields, kind: HostedKind, id: Option<&ItemId>) -> Told {
    match kind {
        HostedKind::WebSearchCall => fields.done("web_search", fields.json("action"), "results"),
        HostedKind::FileSearchCall => {
            let arguments = json::raw(&Queries { queries: fields.get("queries") });
            fields.done("file_search", arguments.get().to_owned(), "results")
        }
        HostedKind::CodeInterpreterCall => {
            let arguments = json::raw(&Code { code: fields.get("code") });
            fields.done("code_interpreter", arguments.get().to_owned(), "outputs")
        }
        // A picture cannot be told; that it was made can.
        HostedKind::ImageGenerationCall => {
            fields.done("image_generation", NO_ARGUMENTS.to_owned(), "")
        }
        HostedKind::McpCall => mcp_call(fields),
        HostedKind::McpListTools => Told::Nothing,
        HostedKind::McpApprovalRequest => approval_request(fields, id),
        HostedKind::McpApprovalResponse => {
            let answer = Approved { approve: fields.get("approve"), reason: fields.get("reason") };
            output(fields.text("approval_request_id"), json::raw(&answer).get().to_owned())
        }
        HostedKind::LocalShellCall => fields.call("local_shell", "action"),
        HostedKind::ShellCall => fields.call("shell", "action"),
        HostedKind::ApplyPatchCall => fields.call("apply_patch", "operation"),
        HostedKind::ComputerCall => {
            let several = fields.get("actions").is_some();
            fields.call("computer", if several { "actions" } else { "action" })
        }
        HostedKind::LocalShellCallOutput => output(fields.text("call_id"), fields.text("output")),
        HostedKind::ShellCallOutput => output(fields.text("call_id"), fields.json("output")),
        HostedKind::ApplyPatchCallOutput => {
            let said = Patched { status: fields.get("status"), output: fields.get("output") };
            output(fields.text("call_id"), json::raw(&said).get().to_owned())
        }
        HostedKind::ComputerCallOutput => screenshot(fields),
        HostedKind::ToolSearchCall | HostedKind::ToolSearchOutput
            if fields.get("call_id").is_none() =>
        {
            Told::Nothing
        }
        HostedKind::ToolSearchCall => fields.call("tool_search", "arguments"),
        HostedKind::ToolSearchOutput => output(fields.text("call_id"), fields.json("tools")),
    }
}

/// The fields of an item, which follow their rules.
struct Fields(Vec<(String, Json)>);

impl Fields {
    /// A field that is there and not null.
    fn get(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, json)| &**json).filter(|json| json.get() != "null")
    }

    /// A string, which is empty where there is none.
    fn text(&self, name: &str) -> String {
        let text = self.get(name).and_then(|json| serde_json::from_str(json.get()).ok());
        text.unwrap_or_default()
    }

    /// Any value as it is spelled.
    fn json(&self, name: &str) -> String {
        self.get(name).map_or(NO_ARGUMENTS, RawValue::get).to_owned()
    }

    /// A call that its server has run already. What a server kept to itself cannot be told; that it
    /// ran can.
    fn done(&self, name: &str, arguments: String, result: &str) -> Told {
        let result = match self.get(result) {
            Some(result) => result.get().to_owned(),
            None => self.ended(),
        };
        Told::Done { name: name.to_owned(), arguments, result }
    }

    fn ended(&self) -> String {
        let status = self.get("status").map_or("\"completed\"", RawValue::get);
        format!("{{\"status\":{status}}}")
    }

    /// A call that the client answers.
    fn call(&self, name: &str, field: &str) -> Told {
        let arguments = self.json(field);
        Told::Call { call_id: self.text("call_id"), name: name.to_owned(), arguments }
    }
}

fn mcp_call(fields: &Fields) -> Told {
    let name = ToolName { namespace: Some(fields.text("server_label")), name: fields.text("name") };
    let result = match (fields.get("output"), fields.get("error")) {
        (Some(_), _) => fields.text("output"),
        (None, Some(error)) => json::raw(&Failed { error }).get().to_owned(),
        (None, None) => fields.ended(),
    };
    let name = name.flat().into_owned();
    Told::Done { name, arguments: fields.text("arguments"), result }
}

fn approval_request(fields: &Fields, id: Option<&ItemId>) -> Told {
    let asked = Approval {
        server_label: fields.get("server_label"),
        name: fields.get("name"),
        arguments: fields.get("arguments"),
    };
    Told::Call {
        call_id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        name: "mcp_approval_request".to_owned(),
        arguments: json::raw(&asked).get().to_owned(),
    }
}

fn output(call_id: String, text: String) -> Told {
    Told::Output { call_id, output: FunctionOutput::Text(text) }
}

/// A picture where there is one; a file that was uploaded elsewhere can only be named.
fn screenshot(fields: &Fields) -> Told {
    #[derive(serde::Deserialize)]
    struct Screenshot {
        image_url: Option<String>,
    }
    let said = fields.json("output");
    let url = serde_json::from_str::<Screenshot>(&said).ok().and_then(|shot| shot.image_url);
    let output = match url {
        Some(url) => FunctionOutput::Parts(vec![Part::Image(Image { url, detail: None })]),
        None => FunctionOutput::Text(said),
    };
    Told::Output { call_id: fields.text("call_id"), output }
}

#[derive(Serialize)]
struct Failed<'a> {
    error: &'a RawValue,
}

#[derive(Serialize)]
struct Queries<'a> {
    queries: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Code<'a> {
    code: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Approval<'a> {
    server_label: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Approved<'a> {
    approve: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Patched<'a> {
    status: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a RawValue>,
}
