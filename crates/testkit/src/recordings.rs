//! The recorded exchanges with real model servers that lie in `data/`.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One recorded exchange.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its name, which is the file's.
    pub name: String,
    /// What was asked.
    pub request: RecordedRequest,
    /// The status of the answer.
    pub status: u16,
    /// The headers of the answer, in order.
    pub headers: Vec<(String, String)>,
    /// The bytes of the answer.
    pub answer: Recorded,
}

/// The request of a recorded exchange.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body as sent; empty for none.
    pub body: Bytes,
}

/// The body of a recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// One body.
    Body(Bytes),
    /// An event stream.
    Stream(Bytes),
}

impl Recording {
    /// The first response header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The bytes of the answer, stream or not.
    pub fn bytes(&self) -> &Bytes {
        match &self.answer {
            Recorded::Body(bytes) | Recorded::Stream(bytes) => bytes,
        }
    }
}

/// A recording of vLLM 0.32.0 by name, such as `chat_stream_usage`.
pub fn vllm(name: &str) -> Recording {
    load("vllm", name)
}

/// A recording of llama.cpp's server by name, such as `chat_tool_stream`.
pub fn llama_server(name: &str) -> Recording {
    load("llama-server", name)
}

/// The names of all recordings of vLLM, sorted.
pub fn vllm_names() -> Vec<String> {
    names("vllm")
}

/// The names of all recordings of llama.cpp's server, sorted.
pub fn llama_server_names() -> Vec<String> {
    names("llama-server")
}

fn folder(server: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(server)
}

fn names(server: &str) -> Vec<String> {
    let entries = fs::read_dir(folder(server)).expect("the kit's data folder");
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<_> =
        entries.filter_map(|entry| stem(&entry.expect("a folder entry").path())).collect();
    names.sort();
    names
}

fn load(server: &str, name: &str) -> Recording {
    match read(&folder(server).join(format!("{name}.json"))) {
        Ok(recording) => recording,
        Err(error) => panic!("recording {server}/{name}: {error:#}"),
    }
}

/// Reads any file of this format.
pub fn read(path: &Path) -> anyhow::Result<Recording> {
    let file: File = serde_json::from_slice(&fs::read(path)?)?;
    let answer = match (file.sse_lines, file.body) {
        (Some(lines), _) => Recorded::Stream(stream_bytes(&lines)),
        (None, body) => Recorded::Body(body_bytes(body.as_deref())?),
    };
    let File { name, status, headers, request, .. } = file;
    let RequestFile { method, path, body } = request;
    let body = body_bytes(body.as_deref())?;
    Ok(Recording { name, status, headers, answer, request: RecordedRequest { method, path, body } })
}

/// The lines with their line ends; every stream here closed its last event with an empty line, whose
/// own line end some recordings imply and others show as a last empty element.
fn stream_bytes(lines: &[String]) -> Bytes {
    let joined = lines.join("\n");
    let implied = if joined.ends_with("\n\n") { "" } else { "\n" };
    (joined + implied).into()
}

/// A body recorded as JSON is JSON; one recorded as a string is that text; `null` is none.
fn body_bytes(body: Option<&RawValue>) -> serde_json::Result<Bytes> {
    match body.map_or("null", RawValue::get) {
        "null" => Ok(Bytes::new()),
        text if text.starts_with('"') => Ok(serde_json::from_str::<String>(text)?.into()),
        json => Ok(json.to_owned().into()),
    }
}

#[derive(Deserialize)]
struct File {
    name: String,
    request: RequestFile,
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<Box<RawValue>>,
    sse_lines: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RequestFile {
    method: String,
    path: String,
    body: Option<Box<RawValue>>,
}
