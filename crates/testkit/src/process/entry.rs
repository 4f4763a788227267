//! The inside of the process, and the check of it.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{COUNT, FakeProcess, LISTENS, VARIABLE};
use crate::answer::canary::{echo, mark};
use crate::answer::{Script, body_of, script};
use crate::backend::FakeBackend;
use crate::child::Exit;
use crate::client::Client;

/// What the process is to be.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Options {
    pub(super) port: u16,
    pub(super) models: Vec<String>,
    pub(super) key: Option<String>,
    pub(super) hosts: Vec<String>,
    pub(super) words: usize,
    pub(super) pause_milliseconds: u64,
    pub(super) dies_of: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            models: vec!["tiny".to_owned()],
            key: None,
            hosts: Vec::new(),
            words: 4,
            pause_milliseconds: 0,
            dies_of: None,
        }
    }
}

/// The body of the test [`super::ENTRY`]: the process where a [`FakeProcess`] started it, else a check.
pub async fn serve_or_check() {
    match variable() {
        Some(options) => serve(&serde_json::from_str(&options).expect("the kit's options")).await,
        None => check().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "how the kit speaks to its own child process")]
fn variable() -> Option<String> {
    env::var(VARIABLE).ok()
}

async fn serve(options: &Options) {
    let count = Arc::new(AtomicUsize::new(0));
    let mut builder = FakeBackend::builder()
        .port(options.port)
        .models(options.models.iter().map(String::as_str))
        .default_answer(answer(options, &count));
    if let Some(key) = &options.key {
        builder = builder.expect_key(key);
    }
    let backend = builder.start().await;
    for host in &options.hosts {
        backend.expect_host(host);
    }
    let told =
        script(move |_| body_of(200, "text/plain", count.load(Ordering::Relaxed).to_string()));
    backend.route(COUNT, told);
    say(&format!("\n{LISTENS}{}\n", backend.url()));
    // The end of the input is the end of the test that started this process.
    let leash = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    let _ended = leash.await;
}

fn say(line: &str) {
    let mut output = io::stdout();
    let said = output.write_all(line.as_bytes()).and_then(|()| output.flush());
    said.expect("the starting test reads");
}

fn answer(options: &Options, count: &Arc<AtomicUsize>) -> Script {
    let (count, dies_of) = (Arc::clone(count), options.dies_of.clone());
    let echo = echo(options.words, Duration::from_millis(options.pause_milliseconds));
    script(move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        let body = String::from_utf8_lossy(&request.body);
        if dies_of.as_ref().is_some_and(|marker| body.contains(marker)) {
            std::process::abort();
        }
        echo.answer(request)
    })
}

/// It answers, dies at once, refuses while it is dead, and comes back on its port.
async fn check() {
    let mut process = FakeProcess::builder().words(2).dies_of("poison").start().await;
    let client = Client::new(&process.url());
    let ask = |text: &str| {
        format!(r#"{{"model":"tiny","messages":[{{"role":"user","content":"{text}"}}]}}"#)
    };
    let answer = client.post("/v1/chat/completions", ask(&mark(7))).await;
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "canary-7 canary-7");
    assert_eq!(process.requests().await, 1);
    assert_eq!(process.kill_9().await.code(), 137);
    assert!(client.try_request("GET", "/health", &[], None).await.is_err());

    process.restart().await;
    assert_eq!(client.get("/health").await.status, 200);
    assert_eq!(process.requests().await, 0);
    let poison = ask("poison");
    let deadly = client.try_request("POST", "/v1/chat/completions", &[], Some(&poison));
    assert!(deadly.await.is_err());
    assert!(matches!(process.wait_exit().await, Exit::Signal(_)));
}
