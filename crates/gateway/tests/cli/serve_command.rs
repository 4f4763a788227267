//! What `serve` makes of flags, variables and `.env`, and the other commands.

use transom_testkit::FakeBackend;

use crate::support::{CHAT, FakeVllm, chat, free_port, gateway};

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

#[tokio::test]
async fn flags_win_over_the_environment_and_that_over_dotenv() {
    let backend = FakeBackend::start().await;
    let (flag, variable, dotenv) = (
        free_port().to_string(),
        free_port().to_string(),
        format!("VR_PORT=\"{}\"\n", free_port()),
    );
    let url = backend.url();
    let plain = gateway().command_line(["serve", "--upstream", &url]).file(".env", &dotenv);
    let started = plain.clone().env("VR_PORT", "  ").start().await;
    assert_eq!(format!("VR_PORT=\"{}\"\n", port_of(started.url())), dotenv, "blank is unset");
    drop(started);
    let started = plain.env("VR_PORT", &variable).start().await;
    assert_eq!(port_of(started.url()).to_string(), variable);
    drop(started);
    let line = ["serve", "--upstream", &url, "--gateway-port", "1", "--gateway-port", &flag];
    let started = gateway().command_line(line).env("VR_PORT", &variable).start().await;
    assert_eq!(port_of(started.url()).to_string(), flag, "the last of two flags counts");
    drop(started);
    let zero = gateway().upstream(&url).env("VR_PORT", &variable).start().await;
    assert_ne!(port_of(zero.url()).to_string(), variable, "a flag counts even when it is 0");
}

#[tokio::test]
async fn the_version_in_an_upstream_is_optional() {
    let backend = FakeBackend::start().await;
    for end in ["", "/", "/v1", "/v1/"] {
        let gateway = gateway().upstream(&format!("{}{end}", backend.url())).start().await;
        assert_eq!(gateway.client().post(CHAT, chat("hi")).await.status, 200, "{end}");
    }
}

#[tokio::test]
async fn what_is_ignored_is_said() {
    let backend = FakeBackend::start().await;
    let started = gateway()
        .upstream(&backend.url())
        .env("VR_LLM_API_BASE", "http://b:2")
        .env("VR_SERVICE_KEY", "x")
        .env("VR_PROT", "1")
        .env("VR_CODE_INTERPRETER_MODE", "")
        .start()
        .await;
    for notice in [
        "[serve] VR_LLM_API_BASE: is ignored: --upstream is used",
        "[serve] VR_SERVICE_KEY: has no effect: use VR_API_KEY",
        "[serve] VR_PROT: has no effect: no such variable, did you mean VR_PORT?",
        "the code interpreter is off",
    ] {
        started.await_log(notice).await;
    }
    let vllm = FakeVllm::new();
    let started = vllm.gateway(["tiny"]).env("VR_LLM_API_BASE", "http://b:2").start().await;
    started.await_log("[serve] VR_LLM_API_BASE: is ignored: a model is spawned").await;
}

#[tokio::test]
async fn the_variable_alone_chooses_an_upstream() {
    let backend = FakeBackend::start().await;
    let quiet = gateway().env("VR_LLM_API_BASE", backend.url());
    let gateway = quiet.start().await;
    let ready = gateway.await_log("Transom is ready: ").await;
    assert_eq!(ready, format!("Transom is ready: {}/v1/responses", gateway.url()));
    assert!(!gateway.logs().contains("[serve]"), "{}", gateway.logs());
}

#[tokio::test]
async fn check_tells_everything_at_once_and_starts_nothing() {
    let wrong = gateway()
        .command_line(["check", "--gateway-port", "x"])
        .file("transom.yaml", "listen:\n  workers: many\n")
        .env("VR_DB_PATH", "mysql://h/d")
        .run()
        .await;
    assert!(wrong.has_code(2), "{wrong:?}");
    for place in ["--gateway-port", "transom.yaml:2", "VR_DB_PATH", "no upstream"] {
        assert!(wrong.stdout.contains(place), "{place}: {}", wrong.stdout);
    }
    let good = gateway().command_line(["check", "--upstream", "http://127.0.0.1:1"]).run().await;
    assert!(good.has_code(0), "{good:?}");
}

#[tokio::test]
async fn migrate_says_what_it_did() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("r.db");
    let migrate = gateway().command_line(["migrate"]).env("VR_DB_PATH", &file);
    let first = migrate.clone().run().await;
    assert!(first.has_code(0) && first.stdout.contains("migrated from schema 0 to "), "{first:?}");
    let second = migrate.run().await;
    assert!(second.has_code(0) && second.stdout.contains("is current"), "{second:?}");
}

#[tokio::test]
async fn workers_are_threads() {
    let backend = FakeBackend::start().await;
    let threads = async |workers: &str| {
        let gateway = gateway().upstream(&backend.url()).env("VR_WORKERS", workers).start().await;
        let tasks = std::fs::read_dir(format!("/proc/{}/task", gateway.pid()));
        tasks.expect("the program lives").count()
    };
    let (few, many) = (threads("1").await, threads("40").await);
    assert!(few < 40 && many > 40, "{few} {many}");
}
