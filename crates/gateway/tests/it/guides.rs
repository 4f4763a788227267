//! Runs the guides of `docs/guides/` as a reader would, against a fake vLLM.
//!
//! The blocks of a guide become one shell script, so that variables and files live on from block
//! to block as in the reader's own shell. What a fence says behind its language decides:
//!
//! - `sh`: is run, and must succeed.
//! - `sh server`: is started, and runs until the next one of these or the end of the guide. It must
//!   become ready and end with 0 on SIGTERM.
//! - `sh no-run`: is not run.
//! - `python`, `js`: a program for libraries that are not there; `make e2e-clients` runs it.
//! - `yaml NAME`, `toml NAME`, `dotenv NAME`: becomes the file NAME.
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
use transom_testkit::answer::{self, chat, chat_text};
use transom_testkit::backend::Tokenizer;
use transom_testkit::{FakeBackend, Gate, backend};

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
    let server = FakeBackend::builder().models([(MODEL, 4096)]).tokenizer(Tokenizer::Messages);
    let servers = [("127.0.0.1:8457", server)];
    follow_with("docs/guides/stateful-responses.md", servers, &["8458", "5969"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn background_md_works_as_written() {
    let forever = Gate::new("the end of the slow answer");
    let (fast, slow) =
        (chat_text("Paris.").script(), chat().text("1, 2, ").wait(&forever).script());
    let answer = answer::script(move |request| match request.json()["model"].as_str() {
        Some("slow/model") => slow.answer(request),
        _ => fast.answer(request),
    });
    let server = FakeBackend::builder().models([MODEL, "slow/model"]).default_answer(answer);
    let ports = ["8458", "5969"];
    follow_with("docs/guides/background.md", [("127.0.0.1:8457", server)], &ports).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn idempotency_md_works_as_written() {
    follow("docs/guides/idempotency.md").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn codex_md_works_as_written() {
    follow("docs/guides/codex.md").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn clients_md_works_as_written() {
    follow("docs/guides/clients.md").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn from_litellm_md_works_as_written() {
    let one = FakeBackend::builder().models(["gpt-oss-120b"]).expect_key("sk-backend01-CHANGE-ME");
    let two =
        FakeBackend::builder().models(["qwen3-coder-30b"]).expect_key("sk-backend02-CHANGE-ME");
    let servers = [("llm-backend-01:8000", one), ("llm-backend-02:8000", two)];
    follow_with("docs/guides/from-litellm.md", servers, &["4000"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn from_keeptrusts_md_works_as_written() {
    let server = || FakeBackend::builder().models(["mistralai/Mixtral-8x7B-v0.1"]);
    let servers = [("vllm-node-1:8080", server()), ("vllm-node-2:8080", server())];
    follow_with("docs/guides/from-keeptrusts.md", servers, &["41002", "5970"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn models_md_works_as_written() {
    let one = FakeBackend::builder().models(["big-model"]).expect_key("sk-nodes");
    let two = FakeBackend::builder().models(["big-model", "small-model"]).expect_key("sk-nodes");
    let servers = [("vllm-node-1:8000", one), ("vllm-node-2:8000", two)];
    follow_with("docs/guides/models.md", servers, &["5969", "5970"]).await;
}

async fn follow(path: &str) {
    let server = FakeBackend::builder().models([MODEL]);
    follow_with(path, [("127.0.0.1:8457", server)], &["8458", "5969"]).await;
}

/// Follows a guide whose servers are fakes and whose ports are free ones.
async fn follow_with<const N: usize>(
    path: &str,
    servers: [(&str, backend::Builder); N],
    ports: &[&str],
) {
    let mut names = Vec::new();
    let mut backends = Vec::new();
    for (name, server) in servers {
        let backend = server.start().await;
        names.push((name, backend.address().to_string()));
        backends.push(backend);
    }
    names.extend(ports.iter().map(|port| (*port, free_port().to_string())));
    let local = |text: &str| {
        names.iter().fold(text.to_owned(), |text, (name, real)| text.replace(name, real))
    };
    let own_port = names.iter().find(|(name, _)| *name == "5969").map(|(_, port)| port.clone());
    let blocks = parse(&local(&repository::read(path)));
    assert!(blocks.iter().any(|block| block.kind == Kind::Run), "{path} runs nothing");
    let folder = TempDir::new().expect("a temporary folder");
    let bin = folder.path().join("bin");
    write_program(&bin, "vllm", VLLM);
    let mut command = shell(&script(&blocks), folder.path(), &bin);
    command.envs(own_port.map(|port| ("VR_PORT", port)));
    let running = tokio::task::spawn_blocking(move || command.output());
    let output = running.await.expect("the shell's thread").expect("the shell runs");
    check(path, &blocks, &output);
    for backend in backends {
        backend.finish();
    }
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
