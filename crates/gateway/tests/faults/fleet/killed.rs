//! Servers that are killed under load (A1, A2): SIGKILL, with connections in the pool and requests
//! in flight.

use std::time::{Duration, Instant};

use transom_testkit::load::{End, Running};
use transom_testkit::{FakeProcess, Load};

use crate::support::fleet::{ALIAS, Fleet, LONG, process, shared_by};
use crate::support::{Times, count, eventually};

/// An answer takes some 40 ms, so that a death always meets requests in every stage.
const WORDS: usize = 20;
const PAUSE: Duration = Duration::from_millis(2);

/// A server is asked this often while it is away.
const PROBE: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_server_killed_under_load_costs_no_request_that_had_not_begun() {
    let mut nodes = [process(WORDS, PAUSE).await, process(WORDS, PAUSE).await];
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeProcess::url))).await;
    let (chats, responses) = loads(&fleet);
    let mut back = Times::default();
    for round in 0..count(4, 20) {
        chats.await_more(24).await;
        responses.await_more(24).await;
        nodes[round % 2].kill_9().await;
        chats.await_more(24).await;
        responses.await_more(24).await;
        nodes[round % 2].restart().await;
        let returned = Instant::now();
        eventually("traffic to be back", async || nodes[round % 2].requests().await > 0).await;
        back.add(returned.elapsed());
        fleet.await_all_ready().await;
    }
    back.print("traffic was back after");
    assert!(back.percentile(50) <= 2 * PROBE, "{back:?}");
    for running in [chats, responses] {
        let report = running.finish().await;
        println!("{:?}", report.tally());
        report.assert_unbegun_ones_are_answered();
        assert_eq!(report.models().into_iter().collect::<Vec<_>>(), [ALIAS]);
        // Those that had begun were told, in the one agreed way.
        let told = |end: &End| *end == End::Told("upstream_disconnected".to_owned());
        let broken = report.count(|outcome| told(&outcome.end));
        assert_eq!(report.whole() + broken, report.outcomes.len(), "{:?}", report.tally());
    }
}

fn loads(fleet: &Fleet) -> (Running, Running) {
    let chats = Load::chat(fleet.gateway.client(), ALIAS).clients(8).for_at_most(LONG);
    let responses = Load::responses(fleet.gateway.client(), ALIAS).clients(8).for_at_most(LONG);
    (chats.start(), responses.start())
}

#[tokio::test]
async fn a_server_that_is_killed_is_left_alone_from_the_next_request_on() {
    let nodes = [process(1, Duration::ZERO).await, process(1, Duration::ZERO).await];
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeProcess::url))).await;
    for number in 0..10 {
        assert_eq!(fleet.ask(&format!("canary-{number}")).await.0.status, 200);
    }
    nodes[0].kill_9().await;
    let killed = Instant::now();
    let mut times = Times::default();
    for number in 0..20 {
        let (answer, took) = fleet.ask(&format!("canary-{number} again")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        times.add(took);
    }
    times.print("with one of two servers dead, answers took");
    fleet.await_state(0, "loading").await;
    // A request met the dead server, and that is reason enough to look at once.
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
    let calls = r#"transom_attempts_total{deployment="assistant@node-0",outcome="connection"}"#;
    let met = fleet.metric(calls).await;
    println!("{met} of 20 requests met the dead server");
    assert!(met <= 5.0, "{met}");
}
