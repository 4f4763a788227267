//! F4: configurations that are exchanged all the time under load.

use std::time::{Duration, Instant};

use transom_testkit::answer::canary::echo;
use transom_testkit::answer::chat_text;
use transom_testkit::load::Load;
use transom_testkit::{FakeBackend, Gate, TestGateway};

use crate::support::{CHAT, ask, ask_stream, eventually, gateway, is_soak};

/// Between two configurations.
const PERIOD: Duration = Duration::from_millis(100);

/// Between two words of an answer.
const PAUSE: Duration = Duration::from_millis(5);

/// File descriptors that may come and go: a connection of a probe or of a test.
const SLACK: usize = 6;

const FILE: &str = "transom.yaml";

/// The model with these servers and keys.
fn file(servers: &[(&FakeBackend, &str)]) -> String {
    let backend = |(server, key): &(&FakeBackend, &str)| {
        let (port, url) = (server.address().port(), server.url());
        format!("  - {{name: b{port}, url: '{url}/v1', api_key: {key}}}\n")
    };
    let deployment = |(server, _): &(&FakeBackend, &str)| {
        format!("      - {{backend: b{}, model: tiny}}\n", server.address().port())
    };
    let backends: String = servers.iter().map(backend).collect();
    let deployments: String = servers.iter().map(deployment).collect();
    format!("backends:\n{backends}models:\n  - name: m\n    deployments:\n{deployments}")
}

fn key(round: usize) -> String {
    format!("sk-{round}")
}

async fn server() -> FakeBackend {
    FakeBackend::builder().expect_key(&key(0)).default_answer(echo(3, PAUSE)).start().await
}

/// Exchanges the configuration, and waits until it is in effect.
async fn reload(gateway: &TestGateway, text: &str) {
    let mark = gateway.log_mark();
    gateway.files().replace(FILE, text);
    gateway.hang_up();
    gateway.await_log_since(mark, "a new configuration is in effect").await;
}

#[tokio::test]
async fn a_configuration_every_tenth_of_a_second_costs_no_request_and_leaves_nothing_behind() {
    let (one, other, coming) = (server().await, server().await, server().await);
    let first = key(0);
    let start = file(&[(&one, &first), (&other, &first)]);
    let gateway = gateway().config(FILE, start.clone()).start().await;
    let load = || Load::chat(gateway.client(), "m").clients(6);
    load().requests(120).run().await.assert_all_whole();
    let files_before = gateway.open_files();

    let lasts = Duration::from_secs(if is_soak() { 600 } else { 3 });
    let running = load().for_at_most(lasts * 2).start();
    let begun = Instant::now();
    let mut round = 0;
    while begun.elapsed() < lasts {
        round += 1;
        let (old, new) = (key(round - 1), key(round));
        for server in [&one, &other, &coming] {
            server.accept_key(&new);
        }
        let permanent = [(&one, new.as_str()), (&other, if round % 2 == 0 { &new } else { &old })];
        let mut servers = permanent.to_vec();
        if round % 2 == 1 {
            servers.push((&coming, &new));
        }
        let next = tokio::time::Instant::now() + PERIOD;
        reload(&gateway, &file(&servers)).await;
        tokio::time::sleep_until(next).await;
    }
    let report = running.finish().await;
    let answered = report.outcomes.len();
    println!(
        "{round} configurations, {answered} requests, p50 {:?}, p99 {:?}",
        report.latency(50),
        report.latency(99)
    );
    report.assert_all_whole();
    assert!(coming.count(CHAT) > 0 && one.count(CHAT) > 0 && other.count(CHAT) > 0);

    reload(&gateway, &start).await;
    coming.await_no_connections().await;
    eventually("the file descriptors of before", async || {
        gateway.open_files() <= files_before + SLACK
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_taken_out_finishes_its_streams_and_gets_nothing_more() {
    let (stays, leaves) = (server().await, server().await);
    let key = key(0);
    let gateway = gateway().config(FILE, file(&[(&leaves, &key)])).start().await;
    let gate = Gate::new("the middle of the stream");
    leaves.answer(chat_text("begun ").wait(&gate).text("and finished"));
    let client = gateway.client();
    let mut stream = client.stream(CHAT, ask_stream("m")).await;
    gate.arrived(1).await;

    reload(&gateway, &file(&[(&stays, &key)])).await;
    let answer = client.post(CHAT, ask("m")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((stays.count(CHAT), leaves.count(CHAT)), (1, 1));
    let probes = leaves.count("/v1/models");
    gate.open();
    let events = stream.collect().await;
    assert_eq!(events.last().map(|event| event.data.as_str()), Some("[DONE]"), "{events:?}");
    leaves.await_no_connections().await;
    assert!(
        leaves.count("/v1/models") <= probes + 1,
        "a server that is taken out is probed no more"
    );
    assert_eq!(leaves.count(CHAT), 1);
}
