//! Servers that refuse, reset or swallow connections (A3, A4).

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use transom_testkit::chaos::{Direction, Fault, Rule};
use transom_testkit::{Blackhole, FakeBackend, TcpChaos};

use crate::support::fleet::{Fleet, in_order, node, refusal, retry_after, shared_by, text};
use crate::support::{CHAT, Times, count};

/// Where a connection is refused, another server answers within this time (generous: this machine
/// may have other work).
const SOON: Duration = Duration::from_millis(50);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

async fn answering(text: &str) -> FakeBackend {
    let node = node().await;
    node.default_answer(transom_testkit::answer::chat_text(text));
    node
}

#[tokio::test]
async fn a_refused_connection_goes_to_the_next_server_at_once() {
    let (first, second) = (answering("first").await, answering("second").await);
    let fleet = Fleet::start(&in_order(&[first.url(), second.url()])).await;
    let mut times = Times::default();
    for round in 0..count(4, 100) {
        // Beforehand, so that there is a connection in the pool which dies with the server.
        assert_eq!(text(&fleet.ask(&format!("{round} before")).await.0), "first");
        first.kill().await;
        let (answer, took) = fleet.ask(&format!("{round} after")).await;
        assert_eq!(text(&answer), "second");
        times.add(took);
        fleet.await_state(0, "loading").await;
        first.listen().await;
        fleet.await_all_ready().await;
    }
    times.print("a refused connection: answered by another server after");
    assert!(times.percentile(50) <= SOON, "{times:?}");
}

#[tokio::test]
async fn a_connection_that_is_reset_at_once_goes_to_the_next_server_at_once() {
    let (first, second) = (answering("first").await, answering("second").await);
    let chaos = TcpChaos::start(first.address()).await;
    first.expect_host(chaos.address().to_string());
    let fleet = Fleet::start(&in_order(&[chaos.url(), second.url()])).await;
    let mut times = Times::default();
    for round in 0..count(4, 100) {
        assert_eq!(text(&fleet.ask(&format!("{round} before")).await.0), "first");
        chaos.set(Direction::ToTarget, Rule::after(0, Fault::Reset));
        let (answer, took) = fleet.ask(&format!("{round} after")).await;
        assert_eq!(text(&answer), "second");
        times.add(took);
        // A connection that breaks may be chance; three in a row are not.
        fleet.await_state(0, "loading").await;
        chaos.heal().await;
        fleet.await_all_ready().await;
    }
    times.print("a reset connection: answered by another server after");
    assert!(times.percentile(50) <= SOON, "{times:?}");
}

#[tokio::test]
async fn with_nobody_left_it_is_unavailable_and_the_client_is_told_when_to_come_back() {
    let nodes = [answering("first").await, answering("second").await];
    let urls = nodes.each_ref().map(FakeBackend::url);
    let yaml = format!("{}routing: {{startup_grace: 0, retries: 1}}\n", shared_by(&urls));
    let fleet = Fleet::start(&yaml).await;
    for node in &nodes {
        node.kill().await;
    }
    let (answer, _) = fleet.ask("the first to notice").await;
    // Its connections broke under it.
    assert!(matches!(answer.status, 502 | 503), "{}", answer.text());
    for at in 0..nodes.len() {
        fleet.await_state(at, "unreachable").await;
    }
    let (answer, took) = fleet.ask("all know by now").await;
    assert_eq!(refusal(&answer), (503, "model_unavailable".to_owned()));
    assert!(retry_after(&answer).is_some_and(|seconds| (1..=10).contains(&seconds)));
    assert!(took <= SOON, "{took:?}");
    nodes[1].listen().await;
    fleet.await_state(1, "ready").await;
    assert_eq!(text(&fleet.ask("one is back").await.0), "second");
}

#[tokio::test]
async fn a_server_that_swallows_connections_is_given_up_after_the_limit_and_then_left_alone() {
    let (first, second) = (answering("first").await, answering("second").await);
    let servers = in_order(&[first.url(), second.url()]);
    let fleet = Fleet::start(&format!("{servers}routing: {{breaker_cooldown: 1s}}\n")).await;
    assert_eq!(text(&fleet.ask("before").await.0), "first");
    let files = fleet.gateway.open_files();
    first.kill().await;
    let hole = Blackhole::at(first.address()).await;

    let wave = (0..8).map(|number| async move { format!("wave {number}") });
    let asked = Instant::now();
    let waves = join_all(wave.map(async |text| fleet.ask(&text.await).await)).await;
    for (answer, took) in &waves {
        assert_eq!(text(answer), "second");
        // Connecting to a dead address is limited, and the pool's dead connection costs nothing.
        assert!(*took < CONNECT + Duration::from_secs(1), "{took:?}");
    }
    println!("{} requests failed over within {:?}", waves.len(), asked.elapsed());
    let standing = fleet.standing().await.remove(0);
    assert_eq!((standing.state.as_str(), standing.breaker.as_str()), ("degraded", "open"));

    let mut times = Times::default();
    for number in 0..20 {
        let (answer, took) = fleet.ask(&format!("later {number}")).await;
        assert_eq!(text(&answer), "second");
        times.add(took);
    }
    times.print("with the breaker open, answers took");
    assert!(times.percentile(50) <= SOON, "{times:?}");
    let in_flight = r#"transom_deployment_in_flight{deployment="assistant@node-0"}"#;
    assert_eq!(fleet.metric(in_flight).await.to_string(), "0");
    // Neither sockets nor waiting tasks pile up: one probe at a time, and some in the pool.
    assert!(fleet.gateway.open_files() <= files + 16, "{}", fleet.gateway.open_files());
    drop(hole);
    first.listen().await;
    fleet.await_breaker(0, "half_open").await;
    assert!(second.count(CHAT) >= 28);
}
