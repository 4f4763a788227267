//! A fleet of which every server fails (A21): retries must not make it worse, and it must come back.

use std::time::Duration;

use transom_testkit::answer::canary::echo;
use transom_testkit::answer::chat;
use transom_testkit::answer::errors::{come_back, overloaded};
use transom_testkit::load::{End, Report};
use transom_testkit::{Answer, FakeBackend, Gate, Load};

use crate::support::fleet::{ALIAS, Fleet, LONG, node, shared_by};
use crate::support::{CHAT, count, eventually};

/// Retries that there are whatever the traffic is; see `transom_routing::retry`.
const RESERVE: usize = 3;

async fn nodes() -> [FakeBackend; 3] {
    let nodes = [node().await, node().await, node().await];
    heal(&nodes);
    nodes
}

fn heal(nodes: &[FakeBackend]) {
    for node in nodes {
        node.default_answer(echo(3, Duration::ZERO));
    }
}

fn fail(nodes: &[FakeBackend], answer: &Answer) {
    for node in nodes {
        node.default_answer(answer.clone());
    }
}

fn calls(nodes: &[FakeBackend]) -> usize {
    nodes.iter().map(|node| node.count(CHAT)).sum()
}

async fn load(fleet: &Fleet, requests: usize) -> Report {
    Load::chat(fleet.gateway.client(), ALIAS)
        .clients(16)
        .for_at_most(LONG)
        .requests(requests)
        .run()
        .await
}

fn assert_all_refused(report: &Report, status: u16) {
    for outcome in &report.outcomes {
        assert!(matches!(&outcome.end, End::Refused(told, _) if *told == status), "{outcome:?}");
        let wait = outcome.retry_after.as_ref().and_then(|wait| wait.parse::<u64>().ok());
        assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{outcome:?}");
    }
}

#[tokio::test]
async fn retries_are_a_fifth_of_the_traffic_at_most_however_much_fails() {
    let nodes = nodes().await;
    // Nobody is taken out here: the budget alone holds.
    let yaml = format!(
        "{}routing: {{breaker: false, ejection_ratio: 1}}\n",
        shared_by(&nodes.each_ref().map(FakeBackend::url))
    );
    let fleet = Fleet::start(&yaml).await;
    load(&fleet, 30).await.assert_all_whole();
    let before = calls(&nodes);
    fail(&nodes, &overloaded());
    let requests = count(400, 20_000);
    let report = load(&fleet, requests).await;
    assert_all_refused(&report, 503);
    let called = calls(&nodes) - before;
    println!("{requests} requests cost {called} calls, p50 {:?}", report.latency(50));
    // The requests of before have paid in, too.
    assert!(called > requests && called <= (requests + 30) * 6 / 5 + RESERVE, "{called}");
    assert!(report.latency(50) < Duration::from_millis(50), "{:?}", report.latency(50));
    heal(&nodes);
    load(&fleet, 60).await.assert_all_whole();
}

#[tokio::test]
async fn a_storm_is_answered_at_once_and_ends_with_one_careful_request_at_a_time() {
    let nodes = nodes().await;
    let yaml = format!(
        "{}routing: {{breaker_cooldown: 500ms}}\n",
        shared_by(&nodes.each_ref().map(FakeBackend::url))
    );
    let fleet = Fleet::start(&yaml).await;
    load(&fleet, 30).await.assert_all_whole();
    let before = calls(&nodes);
    fail(&nodes, &come_back(503, "1"));
    let requests = count(400, 20_000);
    let report = load(&fleet, requests).await;
    assert_all_refused(&report, 503);
    let called = calls(&nodes) - before;
    println!("{requests} requests cost {called} calls, p50 {:?}", report.latency(50));
    // Breakers open after five each; those in flight by then are the rest.
    assert!(called < 100, "{called}");
    assert!(report.latency(50) < Duration::from_millis(50), "{:?}", report.latency(50));

    // While they come back everybody asks, and each server gets one request to try.
    let gate = Gate::new("a trial");
    for node in &nodes {
        node.default_answer(chat().wait(&gate).text("well again"));
        node.take_peak();
    }
    let asking = Load::chat(fleet.gateway.client(), ALIAS).clients(16).for_at_most(LONG);
    let asking = asking.pause(Duration::from_millis(5)).start();
    gate.arrived(nodes.len()).await;
    // Everybody else waits for the outcome, or is refused meanwhile.
    let (ended, line) = (asking.ended(), format!("transom_queue_length{{model=\"{ALIAS}\"}}"));
    let held = async || asking.ended() > ended + 64 || fleet.metric(&line).await > 12.0;
    eventually("the others to be held back", held).await;
    assert_eq!(nodes.each_ref().map(FakeBackend::take_peak), [1, 1, 1]);
    gate.open();
    for at in 0..nodes.len() {
        fleet.await_breaker(at, "closed").await;
    }
    asking.await_more(64).await;
    let report = asking.finish().await;
    let late = &report.outcomes[report.outcomes.len() - 16..];
    assert!(late.iter().all(|outcome| outcome.end == End::Whole), "{late:?}");
}
