//! Servers that do not answer (A6), or by the drop (A25).

use std::time::{Duration, Instant};

use transom_testkit::answer::{Answer, Step, chat_text, event_stream};
use transom_testkit::{FakeBackend, Script};

use crate::support::chunks::{piece, stream};
use crate::support::exchange::{ROADS, Road};
use crate::support::fleet::{Fleet, chat, in_order, node, refusal, text};
use crate::support::{CHAT, Rig, count};

const LIMITS: &str = "limits: {first_chunk_timeout: 400ms, request_timeout: 1500ms}\n";

/// Every request in these tests is tried again.
const ROUTING: &str = "routing: {breaker: false, retry_budget: 1}\n";

fn hangs() -> Script {
    chat_text("").script().map(|answer| answer.first(Step::Hang))
}

/// It answers with its head and says nothing more.
fn hangs_behind_its_head() -> Script {
    event_stream("").step(Step::Hang).into()
}

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_passed_over() {
    let (first, second) = (node().await, node().await);
    second.default_answer(chat_text("second"));
    let yaml = format!("{}{LIMITS}{ROUTING}", in_order(&[first.url(), second.url()]));
    let fleet = Fleet::start(&yaml).await;
    fleet.insist_on(0).await;
    for silence in [hangs(), hangs_behind_its_head()] {
        first.default_answer(silence);
        for road in ROADS {
            let asked = Instant::now();
            let answer = fleet.ask_on(road).await;
            let took = asked.elapsed();
            assert_eq!(answer.status, 200, "{road:?}: {}", answer.text());
            assert!(answer.text().contains("second"), "{road:?}: {}", answer.text());
            let limits = Duration::from_millis(400)..Duration::from_millis(1400);
            assert!(limits.contains(&took), "{road:?}: {took:?}");
            first.await_disconnect().await;
        }
    }
}

#[tokio::test]
async fn when_nobody_answers_in_time_each_is_asked_once_and_the_client_reads_504() {
    let nodes = [node().await, node().await, node().await];
    for node in &nodes {
        node.default_answer(hangs());
    }
    let urls = nodes.each_ref().map(FakeBackend::url);
    let fleet = Fleet::start(&format!("{}{LIMITS}", in_order(&urls))).await;
    let asked = Instant::now();
    let answer = fleet.ask_on(Road::Chat).await;
    assert_eq!(refusal(&answer), (504, "upstream_timeout".to_owned()));
    // One after the other, each for its limit, and the whole of it within what the client waits.
    assert!(asked.elapsed() < Duration::from_millis(2500), "{:?}", asked.elapsed());
    let calls: Vec<_> = nodes.iter().map(|node| node.count(CHAT)).collect();
    assert!(calls.iter().all(|calls| *calls <= 1), "{calls:?}");

    let asked = Instant::now();
    let answer = fleet.client.post(CHAT, chat("whole")).await;
    assert_eq!(refusal(&answer), (504, "upstream_timeout".to_owned()));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    for node in &nodes {
        node.await_idle().await;
    }
}

#[tokio::test]
async fn a_stream_that_drips_without_an_event_is_given_up_after_the_idle_limit() {
    let rig = Rig::start("limits: {idle_timeout: 600ms, keepalive_interval: 10s}\n").await;
    let good = event_stream(stream([piece("Good ")]));
    let endless = ["data: {\"a\":\"", &"x".repeat(400)].concat();
    let drips = endless.as_bytes().chunks(1).flat_map(|drop| {
        let drop = Step::Send(drop.to_vec().into());
        [Step::Pause(Duration::from_millis(50)), drop]
    });
    let dripping = drips.fold(good, Answer::step);
    for road in ROADS {
        rig.backend.answer(dripping.clone());
        let asked = Instant::now();
        let ended = rig.exchange(road).await;
        let took = asked.elapsed();
        let brief = if road == Road::Whole { (504, "") } else { (200, "Good ") };
        assert_eq!(ended.brief(), (brief.0, brief.1, Some("upstream_timeout")), "{road:?}");
        println!("{road:?}: a drip was given up after {took:.1?}");
        assert!(took >= Duration::from_millis(600) && took < Duration::from_secs(3), "{took:?}");
        rig.backend.await_disconnect().await;
    }
}

#[tokio::test]
async fn a_stream_that_drips_events_ends_at_the_limit_of_the_whole_and_costs_no_memory() {
    let seconds = count(2, 60);
    let yaml = format!("limits: {{idle_timeout: 500ms, stream_timeout: {seconds}s}}\n");
    let rig = Rig::start(&yaml).await;
    let events = vec!["x "; 1_000_000 / 100];
    let endless = event_stream(stream(events.iter().map(|text| piece(text)))).by_event();
    rig.backend.default_answer(endless.drip(Duration::from_millis(20)));
    rig.exchange(Road::Chat).await;
    let (base, asked) = (rig.memory(), Instant::now());
    let ended = rig.exchange(Road::Chat).await;
    assert_eq!((ended.status, ended.error.as_deref()), (200, Some("upstream_timeout")));
    let limit = Duration::from_secs(seconds as u64);
    let took = asked.elapsed();
    assert!(took >= limit && took < limit + Duration::from_secs(1), "{took:?}");
    assert!(ended.text.len() > 20 && rig.memory() < base + 8 * 1024, "{} KiB", rig.memory());
}

#[tokio::test]
async fn an_answer_in_one_piece_may_drip_until_the_limit_of_the_whole() {
    let first = node().await;
    let yaml = format!(
        "{}limits: {{idle_timeout: 300ms, request_timeout: 20s}}\n",
        in_order(&[first.url()])
    );
    let fleet = Fleet::start(&yaml).await;
    let slow = chat_text("slow").script();
    // 400 bytes, 1 at a time: longer than the idle limit, which is one of streams.
    first.answer(slow.map(|answer| answer.in_pieces_of(4).drip(Duration::from_millis(10))));
    let (answer, took) = fleet.ask("drip").await;
    assert_eq!(text(&answer), "slow");
    assert!(took > Duration::from_millis(600), "{took:?}");
}
