//! Starting the program, and waiting for what it does.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use transom_testkit::gateway::Builder;
use transom_testkit::raw::Response;
use transom_testkit::{PATIENCE, TestGateway};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_transom");

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const RESPONSES: &str = "/v1/responses";

/// How often something is looked at that cannot be waited for.
const GLANCE: Duration = Duration::from_millis(10);

/// A configuration in which requests hardly wait for a model that loads.
pub(crate) const IMPATIENT: &str = "routing: {queue_timeout: 0.1}\n";

/// A gateway on a free loopback port, without the notice about the code interpreter.
pub(crate) fn gateway() -> Builder {
    TestGateway::builder(BINARY).env("VR_CODE_INTERPRETER_MODE", "disabled")
}

/// The fake `vllm`, as long as it lives.
pub(crate) struct FakeVllm {
    _folder: TempDir,
    program: PathBuf,
    pub(crate) port: u16,
}

impl FakeVllm {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let program = folder.path().join("vllm");
        fs::write(&program, include_str!("fake_vllm.py")).expect("writing the program");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&program, executable).expect("making it executable");
        Self { _folder: folder, program, port: free_port() }
    }

    pub(crate) fn path(&self) -> &str {
        self.program.to_str().expect("a UTF-8 path")
    }

    /// A gateway that spawns it with this model and these arguments, and is awaited only until it
    /// listens.
    pub(crate) fn gateway<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Builder {
        let port = self.port.to_string();
        let started = gateway().arg("--vllm-bin").arg(self.path()).wait_listening();
        started.vllm(arguments).vllm(["--port", port.as_str()])
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Looks again and again until it is so; fails the test when it never is.
pub(crate) async fn eventually(what: &str, check: impl AsyncFnMut() -> bool) {
    within(PATIENCE, what, check).await;
}

pub(crate) async fn within(limit: Duration, what: &str, mut check: impl AsyncFnMut() -> bool) {
    let mut glances = tokio::time::interval(GLANCE);
    let looking = async {
        while !check().await {
            glances.tick().await;
        }
    };
    let seen = tokio::time::timeout(limit, looking).await;
    assert!(seen.is_ok(), "not within {limit:?}: {what}");
}

pub(crate) fn chat(content: &str) -> String {
    format!(r#"{{"model":"tiny","messages":[{{"role":"user","content":"{content}"}}]}}"#)
}

pub(crate) fn chat_stream(content: &str) -> String {
    chat(content).replacen('{', r#"{"stream":true,"#, 1)
}

pub(crate) fn response(input: &str) -> String {
    format!(r#"{{"model":"tiny","input":"{input}"}}"#)
}

pub(crate) fn response_stream(input: &str) -> String {
    response(input).replacen('{', r#"{"stream":true,"#, 1)
}

/// Status and error code of an answer.
pub(crate) fn refusal(answer: &Response) -> (u16, String) {
    let code = answer.json()["error"]["code"].clone();
    (answer.status, code.as_str().unwrap_or_default().to_owned())
}

/// The text of a JSON field, which must be one.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
