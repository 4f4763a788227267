//! What clients may send changes with the file; what needs a restart is told everywhere.

use std::time::Duration;

use transom_testkit::answer::chat_text;
use transom_testkit::gateway::Exit;
use transom_testkit::raw::{End, RawClient};
use transom_testkit::{Client, FakeBackend, Gate, PATIENCE, TestGateway};

use crate::support::guide::{self, Servers};
use crate::support::{CHAT, ask, ask_stream, eventually, gateway, keyed, readyz, refusal};

const FILE: &str = "transom.yaml";

fn file(server: &FakeBackend, more: &str) -> String {
    let url = server.url();
    format!("upstream: {{url: '{url}/v1'}}\n{more}\n")
}

/// Puts a file in the place of the present one, and waits until it is in effect.
async fn change(gateway: &TestGateway, client: &Client, file: &str) {
    let before = readyz(client, "").await.1["revision"].as_u64().expect("a number");
    gateway.files().replace(FILE, file);
    eventually("the new file", async || {
        readyz(client, "").await.1["revision"].as_u64() == Some(before + 1)
    })
    .await;
}

/// A chat with so many bytes of text.
fn long(bytes: usize) -> String {
    ask("tiny").replace("reply", &"a".repeat(bytes))
}

#[tokio::test]
async fn limits_of_bodies_and_heads_change_with_the_file() {
    let server = FakeBackend::start().await;
    let small = file(&server, "limits: {body_bytes: 1KiB}");
    let gateway = gateway().config_yaml(small).start().await;
    let client = gateway.client();
    assert_eq!(refusal(&client.post(CHAT, long(2000)).await), (413, "body_too_large".to_owned()));
    change(&gateway, &client, &file(&server, "limits: {body_bytes: 8KiB, header_count: 8}")).await;
    assert_eq!(client.post(CHAT, long(2000)).await.status, 200);

    let mut crowded = gateway.client();
    for number in 0..9 {
        crowded = crowded.header(&format!("x-test-{number}"), "1");
    }
    let refused = crowded.post(CHAT, ask("tiny")).await;
    assert_eq!(refusal(&refused), (400, "headers_too_large".to_owned()));
    change(&gateway, &client, &file(&server, "")).await;
    assert_eq!(crowded.post(CHAT, ask("tiny")).await.status, 200);
}

#[tokio::test]
async fn litellms_largest_request_changes_with_its_file() {
    let servers = Servers::start().await;
    let sized = |megabytes: u32| {
        format!(
            "{}  max_request_size_mb: {megabytes}\n",
            servers.file().trim_end().to_owned() + "\n"
        )
    };
    assert!(sized(1).contains("general_settings:"), "{}", sized(1));
    let gateway = gateway().config("config.yaml", sized(1)).dotenv(guide::DOTENV).start().await;
    let client = guide::client(&gateway);
    let body = ask("default").replace("reply", &"a".repeat(3 << 19));
    assert_eq!(refusal(&client.post(CHAT, &body).await), (413, "body_too_large".to_owned()));
    gateway.files().replace("config.yaml", &sized(2));
    eventually("a larger body to be taken", async || client.post(CHAT, &body).await.status == 200)
        .await;
}

#[tokio::test]
async fn connections_that_are_opened_later_have_the_new_patience() {
    let server = FakeBackend::start().await;
    let gateway = gateway().config_yaml(file(&server, "")).start().await;
    let client = gateway.client();
    change(&gateway, &client, &file(&server, "limits: {header_timeout: 200ms}")).await;
    let address = gateway.url().trim_start_matches("http://").parse().expect("an address");
    let mut slow = RawClient::connect(address).await.expect("a connection");
    slow.send("GET /health HTTP/1.1\r\n").await.expect("sending");
    // The usual ten seconds are longer than the test waits.
    let (_, end) = slow.read_to_end(Duration::from_secs(5)).await;
    assert_ne!(end, End::StillOpen);
}

#[tokio::test]
async fn the_time_to_finish_requests_is_the_one_of_the_last_file() {
    let (server, gate) = (FakeBackend::start().await, Gate::new("the middle of the answer"));
    server.default_answer(chat_text("begun").wait(&gate).text("finished"));
    let gateway = gateway().config_yaml(file(&server, "")).start().await;
    let client = gateway.client();
    change(&gateway, &client, &file(&server, "limits: {shutdown_timeout: 0}")).await;
    let mut stream = client.stream(CHAT, ask_stream("tiny")).await;
    stream.until("message").await;
    gateway.terminate();
    let exit = tokio::time::timeout(PATIENCE, gateway.wait_exit()).await;
    assert_eq!(exit.expect("an end before the usual minute"), Exit::Code(143));
}

#[tokio::test]
async fn what_needs_a_restart_is_told_in_the_log_and_to_operators() {
    let server = FakeBackend::start().await;
    let key = "auth: {api_key: sk-master}\nadmin: {variables: [A]}";
    let gateway = gateway().config_yaml(file(&server, key)).admin().start().await;
    let client = keyed(gateway.client(), "sk-master");
    let admin = keyed(gateway.admin().await, "sk-master");
    let told = async || {
        let seen = readyz(&client, "").await.1["restart_needed"].clone();
        let revision = admin.get("/admin/v1/revision").await.json();
        assert_eq!(revision["restart_needed"], seen, "the same everywhere");
        seen.to_string()
    };
    assert_eq!(told().await, "[]");

    let more = format!("{key}\nmetrics: {{path: /numbers}}\nlog: {{level: debug, timings: true}}");
    change(&gateway, &client, &file(&server, &more.replace("[A]", "[A, B]"))).await;
    assert_eq!(told().await, r#"["log.level","metrics"]"#);
    let anybody = gateway.client().get("/readyz").await.json();
    assert_eq!(anybody.get("restart_needed"), None, "{anybody}");
    for setting in ["log.level", "metrics"] {
        let line = format!("{setting} has changed: it takes effect after a restart");
        gateway.await_log(&line).await;
    }
    let answer = client.get("/metrics").await;
    assert!(answer.status == 200 && answer.text().contains("transom_"), "as before");

    change(&gateway, &client, &file(&server, key)).await;
    assert_eq!(told().await, "[]", "what is as it was needs none");
}
