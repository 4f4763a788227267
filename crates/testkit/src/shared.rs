//! Others' recorded exchanges, which lie beside the repository and are never copied into it.
//!
//! The folder is named by `TRANSOM_SHARED`, by default `../shared` from the workspace root. Where it
//! is absent a test prints one line and returns; with `TRANSOM_REQUIRE_SHARED=1` absence fails.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::recordings::{self, Recorded, Recording};

/// One recorded exchange of `cassettes/` (YAML).
#[derive(Clone, Debug)]
pub struct Cassette {
    /// Its name: the file's path below `cassettes/` without the ending.
    pub name: String,
    /// The request's path.
    pub path: String,
    /// The request's body as JSON text; the order of keys is not the recorded one.
    pub request: Bytes,
    /// The status of the answer.
    pub status: u16,
    /// The answer: JSON (keys reordered) or the exact bytes of the stream.
    pub answer: Recorded,
}

/// The shared folder, or `None` after one printed line.
pub fn path() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = variable("TRANSOM_SHARED").map_or_else(default, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    let required = variable("TRANSOM_REQUIRE_SHARED").is_some_and(|value| value == "1");
    assert!(!required, "TRANSOM_REQUIRE_SHARED=1, but there is no folder {}", path.display());
    say_absent(&path);
    None
}

/// One cassette by name, such as `chat_completion/text-single-stream`.
///
/// `None` only where the shared folder is absent; a missing or broken file fails the test.
pub fn cassette(name: &str) -> Option<Cassette> {
    let file = path()?.join("cassettes").join(format!("{name}.yaml"));
    Some(read_cassette(name, &file))
}

/// All cassettes of a group (`chat_completion`, `responses`, `responses/errors`,
/// `upstream_responses`) sorted by name; empty only where the shared folder is absent.
pub fn cassettes(group: &str) -> Vec<Cassette> {
    let Some(folder) = path().map(|path| path.join("cassettes").join(group)) else {
        return Vec::new();
    };
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("group {group}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    assert!(!files.is_empty(), "no cassette in group {group}");
    let stem = |file: &Path| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    files.iter().map(|file| read_cassette(&format!("{group}/{}", stem(file)), file)).collect()
}

/// A recording of the shared folder by its path below `recordings/`, without the ending.
pub fn recording(name: &str) -> Option<Recording> {
    let file = path()?.join("recordings").join(format!("{name}.json"));
    match recordings::read(&file) {
        Ok(recording) => Some(recording),
        Err(error) => panic!("recording {name}: {error:#}"),
    }
}

fn read_cassette(name: &str, file: &Path) -> Cassette {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("cassette {name}: {error}"));
    let file: File =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("cassette {name}: {error}"));
    let answer = match file.response {
        ResponseFile { sse: Some(lines), .. } => Recorded::Stream(lines.concat().into()),
        ResponseFile { body, .. } => Recorded::Body(body.to_string().into()),
    };
    Cassette {
        name: name.to_owned(),
        path: file.request.path,
        request: file.request.body.to_string().into(),
        status: file.response.status_code,
        answer,
    }
}

#[expect(clippy::disallowed_methods, reason = "where test data lies is no setting of the product")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name)
}

#[expect(clippy::print_stdout, reason = "a test that returns early says so")]
fn say_absent(path: &Path) {
    println!("shared recordings are absent ({}): this test checks nothing here", path.display());
}

#[derive(Deserialize)]
struct File {
    request: RequestFile,
    response: ResponseFile,
}

#[derive(Deserialize)]
struct RequestFile {
    path: String,
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
struct ResponseFile {
    status_code: u16,
    #[serde(default)]
    body: Value,
    sse: Option<Vec<String>>,
}
