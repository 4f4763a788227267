//! What the gateway answered, written down for the check against OpenAI's own API description.
//!
//! # Layout
//!
//! - this file: which answers are written down, and where to.
//! - `shape`: when two answers are alike, so that one of them is enough.
//! - `Witness`: an answer on a connection, piece by piece.
//!
//! `make test` names a folder in `TRANSOM_EXCHANGES`; without it nothing is written. Each file there
//! holds one JSON body, one event of a stream or one message of a WebSocket; `e2e/validate` reads
//! them all. Chats, completions, embeddings and the like are a model server's own words, which the
//! gateway hands on as they are: of those routes only errors are written down.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::sse;

mod shape;
mod witness;

pub(crate) use witness::Witness;

/// The variable that names the folder.
const VARIABLE: &str = "TRANSOM_EXCHANGES";

/// Routes whose answers are the gateway's own.
const OWN: [&str; 3] = ["/v1/responses", "/v1/conversations", "/v1/models"];

/// Routes whose answers are handed on.
const HANDED_ON: [&str; 3] = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"];

/// What this process has written down.
static SEEN: Mutex<Option<HashSet<u64>>> = Mutex::new(None);

/// How an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A whole body.
    Body,
    /// The data of one event of a stream.
    Event,
    /// One message of a WebSocket.
    Message,
}

#[derive(Serialize)]
struct Line<'a> {
    method: &'a str,
    path: &'a str,
    status: u16,
    form: Form,
    test: &'a str,
    json: &'a Value,
}

/// Writes down an answer of the gateway to `METHOD PATH`, unless one like it is there already.
///
/// An answer that is no JSON, or of a route that OpenAI does not describe, is left out.
pub fn note(method: &str, target: &str, status: u16, form: Form, text: &str) {
    let Some(folder) = folder() else { return };
    let path = target.split('?').next().unwrap_or_default();
    if !is_described(path, status) {
        return;
    }
    let Ok(json) = serde_json::from_str::<Value>(text) else { return };
    let shape = shape::of(method, path, status, form, &json);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.get_or_insert_default().insert(shape) {
        return;
    }
    let thread = std::thread::current();
    let line = Line { method, path, status, form, test: thread.name().unwrap_or(""), json: &json };
    let text = serde_json::to_string(&line).expect("an answer serializes");
    let file = folder.join(format!("{shape:016x}.json"));
    match fs::File::create_new(&file) {
        Ok(mut file) => file.write_all(text.as_bytes()).expect("writing an answer down"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

/// Writes down every event of a response's stream. Events of a chat, which have no name, are left out.
pub fn note_stream(stream: &[u8]) {
    if folder().is_none() {
        return;
    }
    for event in sse::parse(stream).iter().filter(|event| event.event != "message") {
        note("POST", "/v1/responses", 200, Form::Event, &event.data);
    }
}

/// Whether OpenAI's description speaks of the answer, and the answer is the gateway's own.
fn is_described(path: &str, status: u16) -> bool {
    let below = |routes: &[&str]| {
        let mut rests = routes.iter().filter_map(|route| path.strip_prefix(route));
        rests.any(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(&OWN) || status >= 400 && below(&HANDED_ON)
}

/// The folder, if answers are to be written down.
fn folder() -> Option<&'static PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| variable().map(PathBuf::from)).as_ref()
}

#[expect(clippy::disallowed_methods, reason = "how `make test` speaks to the kit")]
fn variable() -> Option<std::ffi::OsString> {
    env::var_os(VARIABLE)
}

#[cfg(test)]
mod tests;
