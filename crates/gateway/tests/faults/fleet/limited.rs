//! Servers that ask to be left alone (A20): `retry-after` in every form.

use std::time::{Duration, Instant};

use transom_testkit::answer::errors::{come_back, error, http_date};
use transom_testkit::answer::{Answer, chat_text};
use transom_testkit::{FakeBackend, PATIENCE};

use crate::support::CHAT;
use crate::support::fleet::{Fleet, in_order, node, refusal, retry_after, shared_by, text};

const TEN_YEARS: &str = "315360000";

/// No server is left alone for longer, whatever it asks for, in seconds.
const LONGEST: u64 = 60;

/// An answer that asks for three seconds of rest by the server's own clock.
fn dated() -> Answer {
    let date = http_date(Duration::ZERO);
    come_back(429, &http_date(Duration::from_secs(3))).header("date", &date)
}

#[tokio::test]
async fn a_server_that_asks_to_be_left_alone_is_and_another_answers() {
    let secs = Duration::from_secs;
    let bare = error(429, "Too many", "RateLimitError", None);
    // How long each rests: at least, and at most. What cannot be read is a short rest.
    let rows = [
        ("seconds", come_back(429, "2"), secs(2)..secs(4)),
        ("a date", dated(), secs(2)..secs(5)),
        ("junk", come_back(429, "soon"), Duration::from_millis(500)..secs(3)),
        ("a negative number", come_back(429, "-5"), Duration::from_millis(500)..secs(3)),
        ("nothing", bare, Duration::from_millis(500)..secs(3)),
    ];
    let resting = rows.map(async |(what, answer, expected)| {
        let (first, second) = (node().await, node().await);
        first.answer(answer).default_answer(chat_text("first"));
        second.default_answer(chat_text("second"));
        let fleet = Fleet::start(&in_order(&[first.url(), second.url()])).await;
        let asked = Instant::now();
        assert_eq!(text(&fleet.ask("limited").await.0), "second", "{what}");
        while text(&fleet.ask("again").await.0) == "second" {
            assert!(asked.elapsed() < PATIENCE, "{what}: it is never asked again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let rested = asked.elapsed();
        println!("{what}: {rested:.1?}");
        assert!(expected.contains(&rested), "{what}: {rested:?}");
        assert_eq!(first.count(CHAT), 2, "{what}");
    });
    futures_util::future::join_all(resting).await;
}

#[tokio::test]
async fn when_all_ask_for_it_the_client_is_told_so_and_nobody_is_believed_ten_years() {
    let nodes = [node().await, node().await];
    for node in &nodes {
        node.default_answer(come_back(429, TEN_YEARS));
    }
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeBackend::url))).await;
    let (answer, _) = fleet.ask("the first").await;
    assert_eq!(refusal(&answer), (429, "upstream_rate_limited".to_owned()));
    assert!(retry_after(&answer).is_some_and(|wait| (1..=LONGEST).contains(&wait)));
    assert_eq!(nodes.each_ref().map(|node| node.count(CHAT)), [1, 1]);
    // Nobody is asked meanwhile.
    for _ in 0..5 {
        let (answer, took) = fleet.ask("the next").await;
        assert!(matches!(answer.status, 429 | 503), "{}", answer.text());
        assert!(retry_after(&answer).is_some_and(|wait| (1..=LONGEST).contains(&wait)));
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    assert_eq!(nodes.each_ref().map(|node| node.count(CHAT)), [1, 1]);
}

#[tokio::test]
async fn a_lone_server_that_asks_for_a_moment_is_waited_for() {
    let node = node().await;
    node.answer(come_back(429, "1")).default_answer(chat_text("at last"));
    let fleet = Fleet::start(&shared_by(&[node.url()])).await;
    let (answer, took) = fleet.ask("patience").await;
    assert_eq!(text(&answer), "at last");
    let expected = Duration::from_secs(1)..Duration::from_secs(3);
    assert!(expected.contains(&took), "{took:?}");
}
