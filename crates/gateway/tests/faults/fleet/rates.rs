//! Rates of deployments: hints for the choice, and limits where they are enforced.

use std::fmt::Write as _;

use transom_testkit::FakeBackend;
use transom_testkit::answer::chat_text;

use crate::support::CHAT;
use crate::support::fleet::{
    ALIAS, Fleet, INNER, backends, chat_stream, node, refusal, retry_after,
};

fn file(nodes: &[FakeBackend], rate: &str, routing: &str) -> String {
    let urls: Vec<_> = nodes.iter().map(FakeBackend::url).collect();
    let mut yaml = backends(&urls);
    write!(yaml, "models:\n  - name: {ALIAS}\n    deployments:\n").expect("writing to a string");
    for at in 0..nodes.len() {
        writeln!(yaml, "      - {{backend: node-{at}, model: {INNER}, {rate}}}")
            .expect("writing to a string");
    }
    format!("{yaml}routing: {routing}\n")
}

async fn two() -> [FakeBackend; 2] {
    let nodes = [node().await, node().await];
    for node in &nodes {
        node.default_answer(chat_text("Hi"));
    }
    nodes
}

#[tokio::test]
async fn an_enforced_rate_of_requests_is_kept_by_every_deployment_and_told_with_a_wait() {
    let nodes = two().await;
    let fleet = Fleet::start(&file(&nodes, "rpm: 2", "{enforce_rate_limits: true}")).await;
    for number in 0..4 {
        assert_eq!(fleet.ask("Hi").await.0.status, 200, "number {number}");
    }
    assert_eq!((nodes[0].count(CHAT), nodes[1].count(CHAT)), (2, 2));
    let (refused, _) = fleet.ask("one too many").await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".to_owned()), "{}", refused.text());
    assert!(retry_after(&refused).is_some_and(|wait| (1..=62).contains(&wait)));
    assert_eq!((nodes[0].count(CHAT), nodes[1].count(CHAT)), (2, 2));
}

#[tokio::test]
async fn an_enforced_rate_of_tokens_counts_streams_whose_clients_left_too() {
    let nodes = two().await;
    let fleet = Fleet::start(&file(&nodes, "tpm: 8", "{enforce_rate_limits: true}")).await;
    let gate = transom_testkit::Gate::new("the middle of the answer");
    for node in &nodes {
        node.answer(transom_testkit::answer::chat().text("begun").wait(&gate));
    }
    for _ in 0..2 {
        let mut stream = fleet.client.stream(CHAT, chat_stream(&"word ".repeat(50))).await;
        stream.next().await.expect("a first event");
    }
    let all_gone = async || {
        let page = fleet.client.get("/metrics").await.text();
        let left = |line: &str| line.contains("outcome=\"cancelled\"") && line.ends_with(" 1");
        page.lines().filter(|line| left(line)).count() == 2
    };
    crate::support::eventually("both calls to be given up", all_gone).await;
    let (refused, _) = fleet.ask("no tokens left").await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".to_owned()), "{}", refused.text());
}

#[tokio::test]
async fn a_rate_that_is_not_enforced_only_steers() {
    let nodes = two().await;
    let fleet = Fleet::start(&file(&nodes, "rpm: 2", "{strategy: least_loaded}")).await;
    for _ in 0..10 {
        assert_eq!(fleet.ask("Hi").await.0.status, 200);
    }
    let counts = [nodes[0].count(CHAT), nodes[1].count(CHAT)];
    assert!(counts.iter().all(|count| *count >= 2), "both have had their hint: {counts:?}");
}
