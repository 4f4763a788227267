//! Streams of a model server that are wrong or merely odd, on every road.
//!
//! # Layout
//!
//! - this file: servers that die or fall silent (A1, A5, A8), and answers that are none (A19).
//! - `wrong`: events that are wrong (A11, A12, A14 to A16, A18).
//! - `odd`: events that are right and look odd, in every chunking (A12, A13, A15 to A17).

use std::time::{Duration, Instant};

use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Answer, Step, body_of, event_stream, json};
use transom_testkit::{Gate, PATIENCE};

use crate::support::exchange::{Ended, ROADS, Road, body};
use crate::support::{CHAT, RESPONSES, Rig, Times, chunks};

mod odd;
mod wrong;

/// Each request is one call, however many before it have failed: how a failure is told does not
/// depend on what is tried besides.
const ONE_CALL: &str = "routing: {retries: 0, breaker: false}\n";

const WORDS: [&str; 4] = ["One ", "two ", "three ", "four "];

#[tokio::test]
async fn a_server_that_dies_after_any_event_ends_each_stream_in_the_one_agreed_way() {
    let rig = Rig::start(ONE_CALL).await;
    let mut told = Times::default();
    for road in ROADS {
        for words in 0..=WORDS.len() {
            for end in [Step::Reset, Step::Close] {
                let dies = WORDS[..words].iter().fold(chat(), |chat, word| chat.text(*word));
                let gate = Gate::new("the moment of death");
                // The head of a stream leaves with the first event: without it nothing was sent.
                rig.backend.answer(dies.wait(&gate).step(end.clone()));
                // A connection that had been used may be tried once more, and dies again.
                rig.backend.default_answer(chat().step(end.clone()));
                let (ended, took) = told_after(&rig, road, &gate).await;
                told.add(took);
                let begun = words > 0 && road != Road::Whole;
                let expected = if begun { WORDS[..words].concat() } else { String::new() };
                let status = if begun { 200 } else { 502 };
                let brief = (status, expected.as_str(), Some("upstream_disconnected"));
                assert_eq!(ended.brief(), brief, "{road:?}, {words} words, {end:?}");
            }
        }
    }
    told.print("a death of the model server was told after");
    assert!(told.percentile(100) <= Duration::from_secs(1));
    // The ones of /v1/responses are on record, whether or not their clients could learn their ids.
    let failed = rig.stored("failed").await;
    assert_eq!(failed.len(), 2 * 2 * (WORDS.len() + 1));
    for id in &failed {
        let stored = rig.client.get(&format!("{RESPONSES}/{id}")).await.json();
        assert_eq!((&stored["id"], &stored["status"]), (&id.as_str().into(), &"failed".into()));
    }
    rig.backend.answer(chat().text("alive"));
    assert_eq!(rig.exchange(Road::Stream).await.brief(), (200, "alive", None));
}

/// Asks, opens the gate once the answer stands at it, and times how long the end takes to arrive.
async fn told_after(rig: &Rig, road: Road, gate: &Gate) -> (Ended, Duration) {
    let opening = async {
        gate.arrived(1).await;
        let opened = Instant::now();
        gate.open();
        opened
    };
    let (ended, opened) = tokio::join!(rig.exchange(road), opening);
    let took = ended.at.saturating_duration_since(opened);
    (ended, took)
}

#[tokio::test]
async fn a_stream_that_dies_harms_no_other() {
    let rig = Rig::start(ONE_CALL).await;
    let gate = Gate::new("the others' middle");
    let others = crate::support::count(20, 500);
    rig.backend.default_answer(chat().text("begun ").wait(&gate).text("and done"));
    let mut waiting = Vec::new();
    for at in 0..others {
        let (road, path) = [(Road::Chat, CHAT), (Road::Stream, RESPONSES)][at % 2];
        let mut stream = rig.client.stream(path, body(road, "")).await;
        stream.next().await.expect("a first event");
        waiting.push(stream);
    }
    gate.arrived(others).await;
    for road in ROADS {
        rig.backend.answer(chat().text("Short ").step(Step::Reset));
        let ended = rig.exchange(road).await;
        assert_eq!(ended.error.as_deref(), Some("upstream_disconnected"));
    }
    gate.open();
    for mut stream in waiting {
        let mut last = String::new();
        while let Some(next) = stream.next().await {
            last = next.event.data;
        }
        assert_eq!(last, "[DONE]");
    }
    println!("{others} streams lived on");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_after_the_idle_limit_and_let_go() {
    let limits =
        "limits: {idle_timeout: 500ms, first_chunk_timeout: 500ms, keepalive_interval: 100ms}";
    let rig = Rig::start(&format!("{limits}\n{ONE_CALL}")).await;
    rig.backend.default_answer(chat().text("One ").step(Step::Hang));
    for (road, ended, waited) in all_roads(&rig).await {
        let begun = road != Road::Whole;
        let brief = if begun { (200, "One ") } else { (504, "") };
        assert_eq!(ended.brief(), (brief.0, brief.1, Some("upstream_timeout")), "{road:?}");
        println!("{road:?}: given up after {waited:.1?}");
        assert!(waited >= Duration::from_millis(500) && waited < Duration::from_millis(1500));
        let comments = ended.bytes.matches(": keep-alive\n").count();
        let expected = if begun { 2..=5 } else { 0..=0 };
        assert!(expected.contains(&comments), "{road:?}: {comments} comments");
        rig.backend.await_disconnect().await;
    }
    // One that says nothing at all has a status, unless its client was told to wait meanwhile.
    rig.backend.default_answer(chat().step(Step::Hang));
    let limits = "limits: {first_chunk_timeout: 500ms, keepalive_interval: 10s}";
    let patient = Rig::start(&format!("{limits}\n{ONE_CALL}")).await;
    patient.backend.default_answer(chat().step(Step::Hang));
    for (road, ended, _) in all_roads(&rig).await {
        let status = if road == Road::Whole { 504 } else { 200 };
        assert_eq!(ended.brief(), (status, "", Some("upstream_timeout")), "{road:?}");
        rig.backend.await_disconnect().await;
    }
    for (road, ended, _) in all_roads(&patient).await {
        assert_eq!(ended.brief(), (504, "", Some("upstream_timeout")), "{road:?}");
        patient.backend.await_disconnect().await;
    }
}

/// The same question on every road at once.
async fn all_roads(rig: &Rig) -> [(Road, Ended, Duration); 3] {
    let timed = async |road| {
        let started = Instant::now();
        let ended = rig.exchange(road).await;
        (road, ended, started.elapsed())
    };
    tokio::join!(timed(Road::Chat), timed(Road::Stream), timed(Road::Whole)).into()
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_bad_upstream_response() {
    let rig = Rig::start(ONE_CALL).await;
    let page = "<html>CANARY log in</html>";
    let (bad, cut) = ("bad_upstream_response", "upstream_disconnected");
    let rows: Vec<(&str, Answer, &str)> = vec![
        ("a page", body_of(200, "text/html", page), bad),
        ("nothing", Answer::empty(200), bad),
        ("JSON instead of a stream", json(200, chunks::piece("CANARY")), bad),
        ("an image", body_of(200, "image/png", "\u{89}PNG CANARY"), bad),
        ("a stream of an array", event_stream("data: [\"CANARY\"]\n\n"), bad),
        ("a page that says it is a stream", event_stream(page), cut),
        ("an empty stream", event_stream(""), cut),
    ];
    for (what, answer, code) in rows {
        for road in ROADS {
            rig.backend.answer(answer.clone());
            let ended = rig.exchange(road).await;
            // Nothing of it has reached the client, so the failure has a status.
            assert_eq!(ended.brief(), (502, "", Some(code)), "{what} on {road:?}");
            assert!(!ended.bytes.contains("CANARY"), "{what} on {road:?}: {}", ended.bytes);
        }
    }
    let chat_whole = r#"{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}"#;
    for answer in [
        body_of(200, "text/html", page),
        Answer::empty(200),
        json(200, ""),
        json(200, "null"),
        json(200, "{\"CANARY\":"),
        json(200, "{\"CANARY\":\"\u{1}\"}"),
        json(200, r#"{"error":{"message":"CANARY","type":"x","param":null,"code":500}}"#),
        body_of(200, "application/json", &b"{\"CANARY\":\"\xff\"}"[..]),
        event_stream(chunks::stream([chunks::piece("CANARY"), chunks::DONE.to_owned()])),
    ] {
        rig.backend.answer(answer.clone());
        let sent = tokio::time::timeout(PATIENCE, rig.client.post(CHAT, chat_whole)).await;
        let sent = sent.expect("an answer");
        let code = sent.json()["error"]["code"].clone();
        let expected = if answer.body().starts_with(b"{\"error") {
            "upstream_error"
        } else {
            "bad_upstream_response"
        };
        assert_eq!((sent.status, code), (502, expected.into()), "{answer:?}");
        assert!(!sent.text().contains("CANARY"), "{}", sent.text());
    }
}
