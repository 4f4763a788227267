//! Servers that close idle connections at the very moment in which a request is sent (A10).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use transom_testkit::answer::{chat_text, script};
use transom_testkit::load::Mix;
use transom_testkit::{FakeBackend, Load, Script};

use crate::support::count;
use crate::support::fleet::{ALIAS, Fleet, LONG, node, shared_by};

/// The longest time after an answer at which its connection is closed, in microseconds.
const MOST: u64 = 5000;

/// Whole answers, each of whose connections is closed between 0 and 5 ms later, without a word.
fn closes_soon() -> Script {
    let (answer, number) = (chat_text("fine").script(), AtomicU64::new(0));
    script(move |request| {
        // Any order will do, as long as all times come up.
        let number = number.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        answer.answer(request).close_after(Duration::from_micros((number >> 32) % MOST))
    })
}

#[tokio::test]
async fn a_connection_that_is_closed_while_it_is_idle_costs_no_request() {
    let node = node().await;
    node.default_answer(closes_soon());
    // Nothing but the connection itself is tried again.
    let yaml = format!("{}routing: {{retries: 0}}\n", shared_by(&[node.url()]));
    let fleet = Fleet::start(&yaml).await;
    let load = Load::chat(fleet.gateway.client(), ALIAS).clients(1).mix(Mix::Both);
    let report = load.for_at_most(LONG).requests(count(500, 10_000)).run().await;
    report.assert_all_whole();
    let connections = node.accepted_connections();
    println!("{} requests on {connections} connections", report.outcomes.len());
    assert!(connections > report.outcomes.len() / 4);
}

#[tokio::test]
async fn neither_do_many_of_them_at_once() {
    let nodes = [node().await, node().await];
    for node in &nodes {
        node.default_answer(closes_soon());
    }
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeBackend::url))).await;
    let load = Load::chat(fleet.gateway.client(), ALIAS).clients(8).mix(Mix::Both);
    load.for_at_most(LONG).requests(count(500, 10_000)).run().await.assert_all_whole();
}
