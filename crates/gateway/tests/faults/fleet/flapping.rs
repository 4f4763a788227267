//! Servers that fail now and then (A22): they are left out for a while, but never too many of them.

use std::time::{Duration, Instant};

use transom_testkit::answer::canary::echo;
use transom_testkit::answer::errors::internal;
use transom_testkit::load::Report;
use transom_testkit::{FakeBackend, Load};

use crate::support::fleet::{ALIAS, Fleet, LONG, node, shared_by};
use crate::support::{CHAT, count, eventually};

/// The first time for which an outlier is left out; see `transom_routing::ejection`.
const FIRST_EJECTION: Duration = Duration::from_secs(5);

async fn flapping(nodes: &[FakeBackend], percents: &[u64]) -> Fleet {
    for (at, (node, percent)) in nodes.iter().zip(percents).enumerate() {
        let seed = at as u64;
        node.default_answer(echo(2, Duration::ZERO).failing_share(*percent, seed, internal()));
    }
    let urls: Vec<_> = nodes.iter().map(FakeBackend::url).collect();
    // Breakers count failures in a row, each for itself; here it is the share that counts.
    let routing = "routing: {strategy: round_robin, retry_budget: 0.5, breaker: false}\n";
    Fleet::start(&format!("{}{routing}", shared_by(&urls))).await
}

async fn load(fleet: &Fleet, requests: usize) -> Report {
    Load::chat(fleet.gateway.client(), ALIAS)
        .clients(4)
        .for_at_most(LONG)
        .requests(requests)
        .run()
        .await
}

#[tokio::test]
async fn a_server_that_fails_three_times_in_ten_is_left_out_and_comes_back() {
    let nodes = [node().await, node().await, node().await];
    let fleet = flapping(&nodes, &[30, 0, 0]).await;
    let begun = Instant::now();
    let mut before = 0;
    // Each of its failures is answered by another server, and then it is asked no more.
    loop {
        load(&fleet, 60).await.assert_all_whole();
        let asked = nodes[0].count(CHAT);
        if asked == before {
            break;
        }
        before = asked;
        assert!(asked < count(300, 300), "it is never left out");
    }
    println!("left out after {before} calls and {:.1?}", begun.elapsed());
    let out = Instant::now();
    nodes[0].default_answer(echo(2, Duration::ZERO));
    let back = async || {
        load(&fleet, 6).await.assert_all_whole();
        nodes[0].count(CHAT) > before
    };
    eventually("it to be asked again", back).await;
    println!("back after {:.1?}", out.elapsed());
    assert!(out.elapsed() < FIRST_EJECTION + Duration::from_secs(2), "{:?}", out.elapsed());
}

#[tokio::test]
async fn never_more_than_half_of_the_servers_are_left_out() {
    let nodes = [node().await, node().await, node().await, node().await];
    let fleet = flapping(&nodes, &[45, 45, 45, 0]).await;
    load(&fleet, count(300, 5000)).await;
    let before: Vec<_> = nodes.iter().map(|node| node.count(CHAT)).collect();
    load(&fleet, 100).await;
    let asked = nodes.iter().zip(before).filter(|(node, before)| node.count(CHAT) > *before);
    assert!(asked.count() >= 2);
}
