//! What is said only on a WebSocket.

use transom_core::failure::Failure;

use super::Work;
use crate::responses::path::Path;
use crate::responses::read::Object;
use crate::responses::refuse;

/// The one event that clients send.
const CREATE: &str = "response.create";

/// Takes out what makes an event of a request.
pub(super) fn read(fields: &mut Object<'_, '_>) -> Result<Work, Failure> {
    if fields.word("type", &[CREATE])?.is_none() {
        return Err(refuse::missing(&Path::Root.field("type")));
    }
    if fields.take("stream_id").is_some() {
        let path = Path::Root.field("stream_id");
        let why = "A connection carries one response at a time.";
        return Err(refuse::unsupported_parameter(&path, why));
    }
    match fields.flag("generate")? {
        Some(false) => Ok(Work::Prewarm),
        Some(true) | None => Ok(Work::Generate),
    }
}

/// A connection remembers what no other process knows, so a turn on it cannot outlive it.
pub(super) fn refuse_background(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    if fields.flag("background")? == Some(true) {
        let path = Path::Root.field("background");
        return Err(refuse::unsupported_value(&path, "send it as a request over HTTP."));
    }
    Ok(())
}

/// Refuses what needs a connection that lasts.
pub(super) fn refuse(fields: &mut Object<'_, '_>) -> Result<(), Failure> {
    match fields.flag("generate")? {
        Some(false) => {
            let path = Path::Root.field("generate");
            Err(refuse::unsupported_value(&path, "only a WebSocket can be warmed up."))
        }
        Some(true) | None => Ok(()),
    }
}
