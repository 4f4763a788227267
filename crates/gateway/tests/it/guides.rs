//! Runs the guides of `docs/guides/` as a reader would, against a fake vLLM.
//!
//! The blocks of a guide become one shell script, so that variables and files live on from block
//! to block as in the reader's own shell. What a fence says behind its language decides:
//!
//! - `sh`: is run, and must succeed.
//! - `sh server`: is started, and runs until the next one of these or the end of the guide. It must
//!   become ready and end with 0 on SIGTERM.
//! - `sh no-run`: is not run.
//! - `yaml NAME`, `dotenv NAME`: becomes the file NAME.
//! - `text`: each of its lines is in the output of the block above, in this order; `…` stands for
//!   anything.

mod blocks;

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use transom_testkit::FakeBackend;

use crate::repository;
use blocks::{Block, Kind, matches, parse};

/// The model of the guides.
const MODEL: &str = "meta-llama/Llama-3.2-3B-Instruct";

/// Seconds for one guide.
const LIMIT: &str = "60";

/// A line of the output before those of the block with the number that follows.
const MARK: &str = "@@block ";

const PROLOGUE: &str = r#"
set -euo pipefail
exec 2>&1
server=
end() {
  [ -n "$server" ] || return 0
  kill -TERM "$server"
  code=0; wait "$server" || code=$?
  server=
  [ "$code" = 0 ] || { echo "the server ended with $code"; cat serve.log; exit 1; }
}
ready() {
  until grep -q 'Transom is ready' serve.log; do
    kill -0 "$server" || { echo 'the server ended early'; cat serve.log; exit 1; }
    sleep 0.02
  done
  cat serve.log
}
trap '[ -z "$server" ] || kill -KILL "$server"' EXIT
"#;

/// Stands in for the program that `transom serve -- MODEL` starts.
const VLLM: &str = r#"#!/usr/bin/env python3
import http.server, sys

class Models(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"object": "list", "data": [{"id": "%s", "object": "model"}]}' % sys.argv[2].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Models).serve_forever()
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn running_md_works_as_written() {
    follow("docs/guides/running.md").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn configuration_md_works_as_written() {
    follow("docs/guides/configuration.md").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stateful_responses_md_works_as_written() {
    follow("docs/guides/stateful-responses.md").await;
}

async fn follow(path: &str) {
    let backend = FakeBackend::builder().models([MODEL]).start().await;
    let (gateway, child) = (free_port(), free_port());
    let local = |text: &str| {
        text.replace("127.0.0.1:8457", &backend.address().to_string())
            .replace("8458", &child.to_string())
            .replace("5969", &gateway.to_string())
    };
    let blocks = parse(&local(&repository::read(path)));
    assert!(blocks.iter().any(|block| block.kind == Kind::Run), "{path} runs nothing");
    let folder = TempDir::new().expect("a temporary folder");
    let bin = folder.path().join("bin");
    write_program(&bin, "vllm", VLLM);
    let mut command = shell(&script(&blocks), folder.path(), &bin);
    command.env("VR_PORT", gateway.to_string());
    let running = tokio::task::spawn_blocking(move || command.output());
    let output = running.await.expect("the shell's thread").expect("the shell runs");
    check(path, &blocks, &output);
    backend.finish();
}

fn script(blocks: &[Block]) -> String {
    let lines = blocks.iter().enumerate().map(|(number, Block { kind, text, .. })| {
        let lines = match kind {
            Kind::Run => text.clone(),
            Kind::Serve => {
                format!("end; : > serve.log\n{text} > serve.log 2>&1 &\nserver=$!\nready")
            }
            Kind::File(name) => format!("cat > '{name}' <<'END OF FILE'\n{text}\nEND OF FILE"),
        };
        format!("echo; echo '{MARK}{number}'\n{lines}\n")
    });
    format!("{PROLOGUE}{}end\n", lines.collect::<String>())
}

fn shell(script: &str, folder: &Path, bin: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_transom")).parent().expect("a folder");
    let inherited = search_path();
    let folders = [bin.to_owned(), program.to_owned()].into_iter();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&inherited)));
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LIMIT, "bash", "-c", script]).current_dir(folder);
    command.env_clear().env("HOME", folder).env("PATH", path.expect("a search path"));
    command
}

#[expect(clippy::disallowed_methods, reason = "the guides' commands need the tester's PATH")]
fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn write_program(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).expect("a folder for programs");
    let path = folder.join(name);
    fs::write(&path, text).expect("writing a program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("making it a program");
}

fn check(path: &str, blocks: &[Block], output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut parts =
        text.split(MARK).skip(1).map(|part| part.split_once('\n').unwrap_or((part, "")).1);
    for block in blocks {
        let said = parts.next().unwrap_or_default();
        if let Err(line) = matches(&block.expected, said) {
            panic!("{path}: after\n\n{}\n\nthe line `{line}` is missing; all:\n{text}", block.text);
        }
    }
    assert!(output.status.success(), "{path}: {}\n{text}", output.status);
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
