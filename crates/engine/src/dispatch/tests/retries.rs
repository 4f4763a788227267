//! What is tried again, where, and how often.

use std::time::Duration;

use transom_core::fleet::FailureClass;
use transom_core::model::{Deployment, Model, Timeouts};
use transom_core::upstream_error::UpstreamError;
use transom_routing::retry::RESERVE;

use crate::fakes::{DONE, status, text};
use crate::fakes::{Declared, Play, Said, World, cut, deployment, model, names, refused, role};

const WRONG: &str = r#"{"error":{"message":"wrong","code":500}}"#;

fn two() -> Declared {
    World::with([model("m", [deployment("a"), deployment("b")])])
}

fn said<const N: usize>(said: [String; N]) -> Vec<Said> {
    said.map(Said::Bytes).to_vec()
}

fn breaks() -> Vec<Play> {
    let event = format!("data: {WRONG}\n\n");
    let half = |end: Said| Play::Streams([said([role()]), vec![end]].concat());
    vec![
        Play::Fails(cut()),
        Play::Fails(UpstreamError::Connect { detail: "refused".to_owned() }),
        status(503),
        Play::Streams(said([String::new()])),
        half(Said::Breaks(cut())),
        half(Said::Bytes(event)),
        Play::Status(200, "<html>", None),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_content_goes_elsewhere_and_the_client_reads_one_clean_answer() {
    let well = two().start();
    let stream = well.chat_stream("m").await.unwrap();
    for play in breaks() {
        let world = two().start();
        world.server("a").next([play.clone()]);
        assert_eq!(world.chat_stream("m").await.unwrap(), stream);
        assert_eq!(world.counts(), [1, 1]);
        world.settled().await;

        let world = two().start();
        world.server("a").next([play]);
        let turn = world.turn("m").await.unwrap();
        assert_eq!(turn.matches("response.created").count(), 2, "its name and its type: {turn}");
        assert!(turn.contains("event: response.completed") && !turn.contains("error\":{"));
        assert_eq!((world.counts(), world.metrics.fleet.retries.get()), (vec![1, 1], 1));
        world.settled().await;
    }
    for play in [Play::Fails(cut()), status(500), Play::Status(200, WRONG, None)] {
        let world = two().start();
        world.server("a").next([play]);
        assert_eq!(world.chat("m").await.unwrap(), well.chat("m").await.unwrap());
        assert_eq!(world.counts(), [1, 1]);
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_content_is_told_once_and_goes_nowhere_else() {
    let event = format!("data: {WRONG}\n\n");
    for end in [Said::Breaks(cut()), Said::Bytes(event)] {
        let half = Play::Streams([said([role(), text("Half")]), vec![end]].concat());
        let world = two().start();
        world.server("a").next([half.clone()]);
        let stream = world.chat_stream("m").await.unwrap();
        assert_eq!(stream.matches("\"error\"").count(), 1, "{stream}");
        assert!(stream.contains("Half") && !stream.contains(DONE), "{stream}");
        assert_eq!(world.counts(), [1, 0]);
        world.settled().await;

        let world = two().start();
        world.server("a").next([half]);
        let turn = world.turn("m").await.unwrap();
        assert_eq!(names(&turn).last_chunk(), Some(&["error", "response.failed"]));
        assert_eq!(turn.matches("event: error").count(), 1, "{turn}");
        assert_eq!(world.counts(), [1, 0]);
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_goes_nowhere_else_unless_the_operator_wants_it() {
    let world = two().start();
    world.server("a").next([status(400)]);
    assert_eq!(refused(world.chat("m").await), (400, "upstream_rejected".to_owned(), None));
    assert_eq!(world.counts(), [1, 0]);

    let retries = |routing: &mut transom_core::fleet::Routing| {
        routing.retries_for.insert(FailureClass::BadRequest, 1);
    };
    let world = two().routing(retries).start();
    world.server("a").next([status(400)]);
    world.chat("m").await.unwrap();
    assert_eq!(world.counts(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_failures_costs_a_fifth_more_calls_and_the_reserve() {
    let world = two().routing(|routing| routing.breaker = false).start();
    for server in ["a", "b"] {
        world.server(server).always(status(503));
    }
    let requests = 200;
    for _ in 0..requests {
        assert_eq!(refused(world.chat("m").await).0, 503);
    }
    let calls: usize = world.counts().iter().sum();
    assert!(calls <= requests + requests / 5 + RESERVE as usize, "{calls}");
    assert!(calls > requests + requests / 10, "some are tried again: {calls}");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_finds_no_place_costs_nothing() {
    let reserve_only = two().routing(|routing| {
        (routing.breaker, routing.retry_budget) = (false, 0.0);
        routing.ejection_ratio = 1.0;
    });
    let world = reserve_only.start();
    world.server("a").always(status(503));
    world.server("b").is("unreachable");
    for _ in 0..20 {
        assert_eq!(refused(world.chat("m").await).0, 503);
    }
    assert_eq!((world.counts(), world.metrics.fleet.retries.get()), (vec![20, 0], 0));
    world.server("b").is("ready");
    for _ in 0..RESERVE {
        world.chat("m").await.unwrap();
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn each_order_has_its_retries_before_the_next_one_is_begun() {
    let spare = Deployment { order: 1, ..deployment("spare") };
    let ordered = model("m", [spare, deployment("a"), deployment("b"), deployment("c")]);
    let world = World::with([Model { retries: Some(1), ..ordered }]).start();
    world.chat("m").await.unwrap();
    assert_eq!(world.counts(), [1, 0, 0, 0]);
    for server in ["a", "b", "c"] {
        world.server(server).always(status(500));
    }
    world.chat("m").await.unwrap();
    assert_eq!((world.counts()[3], world.counts().iter().sum::<usize>()), (1, 4));
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_time_is_over_is_not_sent_to_an_innocent() {
    let world = two().start();
    world.server("a").always(Play::Hangs);
    let (code, limit) = ("upstream_timeout".to_owned(), deployment("a").timeouts.request);
    let begun = tokio::time::Instant::now();
    assert_eq!(refused(world.chat("m").await), (504, code, None));
    assert_eq!((begun.elapsed(), world.counts()), (limit, vec![1, 0]));
    // The first byte of a stream may be waited for twice within the time of the stream.
    let stream = world.chat_stream("m");
    assert!(stream.await.unwrap().contains(DONE));
    assert!(begun.elapsed() >= limit);
}

#[tokio::test(start_paused = true)]
async fn all_tries_share_the_time_of_the_request() {
    let timeouts = Timeouts { first_chunk: Duration::from_secs(8), ..deployment("a").timeouts };
    let short = Timeouts { stream: Duration::from_secs(10), ..timeouts };
    let slow = ["a", "b", "c"].map(|id| Deployment { timeouts: short, ..deployment(id) });
    let world = World::with([model("m", slow)]).start();
    for server in ["a", "b", "c"] {
        world.server(server).always(Play::Hangs);
    }
    let begun = tokio::time::Instant::now();
    assert_eq!(refused(world.chat_stream("m").await).0, 504);
    let calls: usize = world.counts().iter().sum();
    assert_eq!((begun.elapsed().as_secs(), calls), (10, 2));
}

#[tokio::test(start_paused = true)]
async fn a_lone_deployment_gets_a_broken_call_again_after_a_pause() {
    let world = World::with([model("m", [deployment("a")])]).start();
    world.server("a").next([Play::Fails(cut())]);
    world.chat("m").await.unwrap();
    assert_eq!(world.counts(), [2]);
    // A failure of the server is not tried there again.
    world.server("a").next([status(500)]);
    assert_eq!(refused(world.chat("m").await).0, 502);
    assert_eq!(world.counts(), [3]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_a_healthy_server_out_by_asking_for_what_it_does_not_have() {
    let routing = |routing: &mut transom_core::fleet::Routing| routing.breaker_failures = 2;
    let world = World::with([model("*", [deployment("a")])]).routing(routing).start();
    let template = r#"{"error":{"message":"Jinja Exception: no","code":500}}"#;
    for play in [status(404), status(400), Play::Status(500, template, None)] {
        world.server("a").next([play.clone(), play.clone(), play]);
        for _ in 0..3 {
            world.chat("nonsense").await.unwrap_err();
        }
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [12]);
}
