//! What an operator may ask the log for.

use transom_testkit::answer::errors;
use transom_testkit::{FakeBackend, TestGateway};

use crate::support::{
    BINARY, RESPONSES, eventually, free_port, gateway, response, response_stream,
};

async fn with(backend: &FakeBackend, variable: &str) -> TestGateway {
    gateway().upstream(&backend.url()).env(variable, "1").start().await
}

/// The milliseconds of a field in a log line; `None` where it is missing.
fn milliseconds(line: &str, field: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("{field}="))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[tokio::test]
async fn the_time_of_each_stage_is_logged_when_asked_for() {
    let backend = FakeBackend::start().await;
    let gateway = with(&backend, "VR_LOG_TIMINGS").await;
    let mut stream = gateway.client().stream(RESPONSES, response_stream("hi")).await;
    let completed = stream.until("response.completed").await.event.json();
    let id = completed["response"]["id"].as_str().expect("an id").to_owned();
    let line = gateway.await_log("timings").await;
    assert!(line.contains(&id) && line.contains("INFO"), "{line}");
    let of = |field| milliseconds(&line, field);
    let parts = [of("rehydrate_ms"), of("first_event_ms"), of("commit_ms")];
    let sum: f64 = parts.iter().map(|part| part.unwrap_or_else(|| panic!("{line}"))).sum();
    assert!(of("total_ms").is_some_and(|total| total >= sum), "{line}");

    let quiet = with(&backend, "VR_LOG_LEVEL_UNSET").await;
    quiet.client().post(RESPONSES, response("hi")).await;
    quiet.await_log("answered").await;
    assert!(!quiet.logs().contains("timings"));
}

#[tokio::test]
async fn what_was_sent_is_logged_when_a_turn_fails_and_only_then() {
    let backend = FakeBackend::start().await;
    let gateway = with(&backend, "VR_LOG_MODEL_MESSAGES").await;
    let long = format!("a secret wish {}", "é".repeat(8192));
    gateway.client().post(RESPONSES, response("a fine question")).await;
    backend.answer(errors::internal());
    assert!(gateway.client().post(RESPONSES, response(&long)).await.status >= 500);
    let line = gateway.await_log("sent to the model server").await;
    assert!(line.contains("a secret wish") && line.len() < 9000, "{line}");
    assert!(!gateway.logs().contains("a fine question"), "{}", gateway.logs());

    let quiet = with(&backend, "VR_LOG_TIMINGS").await;
    backend.answer(errors::internal());
    quiet.client().post(RESPONSES, response("another secret wish")).await;
    quiet.await_log("timings").await;
    assert!(!quiet.logs().contains("another secret wish"), "{}", quiet.logs());
}

#[tokio::test]
async fn a_file_and_machines_get_the_same_records() {
    let backend = FakeBackend::start().await;
    let to_file = gateway().upstream(&backend.url()).env("VR_LOG_DIR", "logs");
    let gateway = to_file.env("VR_LOG_FORMAT", "json").start().await;
    let name = [("x-request-id", "mine")];
    gateway.client().request("GET", "/v1/models", &name, None).await;
    let ours = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).expect("a JSON record");
        record["request.id"] == "mine"
            && record["method"] == "GET"
            && record["route"] == "/v1/models"
            && record["status"] == 200
    };
    let shown = gateway.await_log("answered").await;
    assert!(ours(&shown), "{shown}");
    gateway.terminate();
    gateway.wait_exit().await;
    let file = std::fs::read_to_string(gateway.folder().join("logs/transom.log"));
    assert!(file.expect("the log file").lines().any(ours));
}

#[tokio::test]
async fn output_that_nobody_reads_stops_nothing() {
    let backend = FakeBackend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut program = std::process::Command::new(BINARY)
        .args(["serve", "--upstream", &backend.url(), "--gateway-port", &port.to_string()])
        .env("VR_LOG_LEVEL", "trace")
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let client = transom_testkit::Client::new(&format!("http://127.0.0.1:{port}"));
    let listens = async || client.try_request("GET", "/health", &[], None).await.is_ok();
    eventually("it listens", listens).await;
    // Each leaves a line; a pipe holds 64 KiB.
    for _ in 0..2000 {
        assert_eq!(client.get("/nowhere").await.status, 404);
    }
    let pid = rustix::process::Pid::from_raw(program.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || program.wait());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), ended).await;
    assert_eq!(ended.expect("it ends").unwrap().unwrap().code(), Some(0));
}
