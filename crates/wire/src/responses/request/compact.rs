//! The body of `POST /v1/responses/compact`.
//!
//! It is a turn whose question is fixed: the same history, the same rules, no tools. So it becomes a
//! [`CreateResponse`] too.

use transom_core::failure::Failure;
use transom_core::tool::ToolChoice;

use super::settings::read_instructions;
use super::{
    CreateResponse, Delivery, Effect, FIELDS, Field, Ground, Labels, Settings, Work, extra,
    no_object, raw, take_input,
};
use crate::responses::path::Path;
use crate::responses::read::Object;
use crate::responses::refuse;

const fn field(name: &'static str, effect: Effect, note: &'static str) -> Field {
    Field { name, effect, note }
}

use Effect::{Honoured, PassedOn, Refused, WithoutEffect};

/// Every field that the gateway knows. Others that are not fields of a response go on to the model
/// server as they came.
pub const COMPACT_FIELDS: &[Field] = &[
    field("background", Refused, "false is accepted"),
    field("input", Honoured, "as of a response; not needed beside `previous_response_id`"),
    field("instructions", Honoured, "a string, for the model that writes the summary"),
    field("model", Honoured, "it writes the summary, and alone gets to read it"),
    field("parallel_tool_calls", WithoutEffect, "no tools are offered"),
    field("previous_response_id", Honoured, ""),
    field("prompt_cache_key", Honoured, "as of a response"),
    field("prompt_cache_retention", WithoutEffect, ""),
    field("reasoning", PassedOn, "as of a response"),
    field("service_tier", WithoutEffect, "`auto` and `default`; others are refused"),
    field("store", Refused, "false is accepted: a compaction is not kept"),
    field("stream", Refused, "false is accepted"),
    field("text", WithoutEffect, "sent by Codex; a summary is plain text"),
    field("tools", WithoutEffect, "sent by Codex; no tools are offered"),
];

/// Reads a request. Every refusal but that of a body that is no JSON object names the field.
pub fn parse_compact(body: &[u8]) -> Result<CreateResponse, Failure> {
    let mut fields = Object::read(raw(body)?, &Path::Root).map_err(|_| no_object())?;
    refuse_unsupported(&mut fields)?;
    let model = fields.require_string("model")?;
    let previous_response_id = fields.string("previous_response_id")?;
    let mut settings =
        Settings { instructions: read_instructions(&mut fields)?, ..Settings::default() };
    settings.read_reasoning(&mut fields)?;
    let continues = previous_response_id.is_some();
    let input = take_input(&mut fields, continues, &settings)?;
    if input.is_empty() && !continues {
        let why = "there is nothing to sum up: send items or 'previous_response_id'.";
        return Err(refuse::wrong_value(&Path::Root.field("input"), why));
    }
    ignore(&mut fields)?;
    let labels = Labels::read_compact(&mut fields)?;
    refuse_others(&mut fields)?;
    Ok(CreateResponse {
        model,
        input,
        previous_response_id,
        conversation: None,
        store: false,
        ground: Ground::Foreground,
        delivery: Delivery::Whole,
        work: Work::Compact,
        tools: Some(Vec::new()),
        tool_choice: Some(ToolChoice::Auto),
        settings,
        labels,
        extra: extra::read(fields)?,
    })
}

/// False asks for nothing.
fn refuse_unsupported(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    for (name, why) in [
        ("background", "a compaction runs in the foreground."),
        ("store", "a compaction is not kept: keep its output."),
        ("stream", "a compaction is answered whole."),
    ] {
        if fields.flag(name)? == Some(true) {
            return Err(refuse::unsupported_value(&Path::Root.field(name), why));
        }
    }
    Ok(())
}

/// Takes what has no effect, if it has the right type.
fn ignore(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    fields.flag("parallel_tool_calls")?;
    fields.opaque_object("text")?;
    fields.array("tools")?;
    Ok(())
}

/// What says how a response is generated, kept or shown says nothing about a summary.
fn refuse_others(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    match FIELDS.iter().find(|field| fields.take(field.name).is_some()) {
        None => Ok(()),
        Some(field) => {
            let path = Path::Root.field(field.name);
            Err(refuse::unsupported_parameter(&path, "It has no meaning for a compaction."))
        }
    }
}

#[cfg(test)]
mod tests;
