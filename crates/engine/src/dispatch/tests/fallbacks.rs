//! Models that stand in for others.

use std::sync::Arc;

use tokio::sync::Semaphore;
use transom_core::model::{Capacity, Deployment, Model};

use crate::fakes::{Play, World, deployment, json, model, refused, status};

const TOO_LONG: &str =
    r#"{"error":{"message":"This model's maximum context length is 9 tokens."}}"#;
const POLICY: &str = r#"{"error":{"message":"no","code":"content_filter"}}"#;

fn names<const N: usize>(names: [&str; N]) -> Vec<Arc<str>> {
    names.map(Arc::from).to_vec()
}

fn plain(name: &str) -> Model {
    model(name, [deployment(name)])
}

#[tokio::test(start_paused = true)]
async fn fallbacks_are_tried_in_their_order_and_answer_under_the_name_that_was_asked_for() {
    let first = Model { fallbacks: names(["b", "ghost", "c", "d"]), ..plain("a") };
    let world = World::with([first, plain("b"), plain("c"), plain("d")]).start();
    for server in ["a", "b"] {
        world.server(server).always(status(500));
    }
    let answer = world.chat("a").await.unwrap();
    assert!(answer.contains("\"model\":\"a\""), "{answer}");
    assert_eq!(world.counts(), [1, 1, 1, 0]);
    // When all fail, the client reads what the model itself said.
    for server in ["c", "d"] {
        world.server(server).always(Play::Status(400, r#"{"error":{"message":"odd"}}"#, None));
    }
    assert_eq!(refused(world.chat("a").await).0, 502);
    assert_eq!(world.counts(), [2, 2, 2, 1]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn the_default_stands_in_where_a_model_names_nobody_and_no_more_than_may() {
    let world = World::with(["a", "b", "c", "d"].map(plain))
        .routing(|routing| {
            routing.default_fallbacks = names(["a", "b", "c", "d"]);
            routing.max_fallbacks = 2;
        })
        .start();
    for server in ["a", "b", "c"] {
        world.server(server).always(status(500));
    }
    assert_eq!(refused(world.chat("a").await).0, 502);
    assert_eq!(world.counts(), [1, 1, 1, 0], "itself is no fallback");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_cannot_serve_now_is_stood_in_for_at_once() {
    let narrow = Capacity { parallel_requests: Some(1), ..Capacity::default() };
    let first = Deployment { limits: narrow, ..deployment("a") };
    let first = Model { fallbacks: names(["b"]), ..model("a", [first]) };
    let world = World::with([first, plain("b")]).start();
    let begun = tokio::time::Instant::now();
    for state in ["loading", "unreachable", "draining"] {
        world.server("a").is(state);
        world.chat("a").await.unwrap();
    }
    world.server("a").is("ready");
    let permits = Arc::new(Semaphore::new(0));
    world.server("a").always(Play::Held(Arc::clone(&permits)));
    let busy = world.ask("a");
    world.server("a").called(1).await;
    world.chat("a").await.unwrap();
    assert_eq!((begun.elapsed(), world.counts()), (std::time::Duration::ZERO, vec![1, 4]));
    // Nobody stands in: it is waited for, whatever the fallback said.
    let mut at_work = busy;
    for broken in [status(500), Play::Status(400, TOO_LONG, None)] {
        world.server("b").next([broken]);
        let waits = world.ask("a");
        world.idle().await;
        assert_eq!(world.waiting("a"), 1);
        permits.add_permits(1);
        json(at_work.await.unwrap()).unwrap();
        at_work = waits;
    }
    permits.add_permits(1);
    json(at_work.await.unwrap()).unwrap();
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_or_unwanted_goes_to_those_who_take_it() {
    let special = Model {
        fallbacks: names(["b"]),
        context_fallbacks: names(["long"]),
        content_fallbacks: names(["open"]),
        ..plain("a")
    };
    let world = World::with([special, plain("b"), plain("long"), plain("open")]).start();
    world.server("a").next([Play::Status(400, TOO_LONG, None), Play::Status(400, POLICY, None)]);
    world.chat("a").await.unwrap();
    assert_eq!(world.counts(), [1, 0, 1, 0]);
    world.chat("a").await.unwrap();
    assert_eq!(world.counts(), [2, 0, 1, 1]);
    world.server("a").next([status(422)]);
    assert_eq!(refused(world.chat("a").await).0, 422);
    assert_eq!(world.counts(), [3, 0, 1, 1], "a wrong request is wrong everywhere");

    // Known to be too long without asking.
    let tiny = Deployment { max_context_tokens: Some(1), ..deployment("a") };
    let tiny = Model { context_fallbacks: names(["long"]), ..model("a", [tiny]) };
    let world = World::with([tiny, plain("long")]).start();
    world.chat("a").await.unwrap();
    assert_eq!(world.counts(), [0, 1]);
    world.server("long").is("unreachable");
    assert_eq!(refused(world.chat("a").await), (400, "context_length_exceeded".to_owned(), None));
    world.settled().await;
}
