//! Deployments of one model whose servers take prompts of different length.

use std::sync::Arc;

use tokio::sync::Semaphore;
use transom_core::model::{Capacity, Deployment};

use crate::call::Endpoint;
use crate::fakes::{Play, World, chat, deployment, json, model, refused};

const TOO_LONG: &str =
    r#"{"error":{"message":"This model's maximum context length is 8192 tokens."}}"#;

fn mixed() -> World {
    let world = World::with([model("m", ["a", "b"].map(deployment))]).start();
    world.server("a").serves(&[("real", Some(8192))]);
    world.server("b").serves(&[("real", Some(32_768))]);
    world
}

/// A request that asks for so many tokens.
async fn asks(world: &World, tokens: u32) -> Result<String, transom_core::failure::Failure> {
    let body =
        chat("m", "false").replace("\"stream\"", &format!("\"max_tokens\":{tokens},\"stream\""));
    json(world.ask_at(Endpoint::ChatCompletions, body, None).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_to_a_server_that_says_it_takes_as_much() {
    let world = mixed();
    for _ in 0..4 {
        asks(&world, 9000).await.unwrap();
    }
    assert_eq!(world.counts(), [0, 4]);
    for _ in 0..4 {
        asks(&world, 100).await.unwrap();
    }
    assert_eq!(world.counts(), [2, 6], "in turn");
    // A guess may be wrong: when nobody else is there, the short one may say so itself.
    world.server("b").is("unreachable");
    asks(&world, 9000).await.unwrap();
    assert_eq!(world.counts(), [3, 6]);
    // What the server says may change.
    world.server("a").serves(&[("real", Some(16_384))]);
    world.server("b").is("ready");
    for _ in 0..2 {
        asks(&world, 9000).await.unwrap();
    }
    assert_eq!(world.counts(), [4, 7]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_found_too_long_goes_to_a_longer_deployment_and_to_no_shorter_one() {
    let world = mixed();
    world.server("a").next([Play::Status(400, TOO_LONG, None)]);
    world.chat("m").await.unwrap();
    assert_eq!(world.counts(), [1, 1]);
    world.server("b").next([Play::Status(400, TOO_LONG, None)]);
    let (status, code, _) = refused(world.chat("m").await);
    assert_eq!((status, code.as_str()), (400, "context_length_exceeded"));
    assert_eq!(world.counts(), [1, 2], "the longest has the last word");

    let unknown = World::with([model("m", ["a", "b"].map(deployment))]).start();
    unknown.server("a").next([Play::Status(400, TOO_LONG, None)]);
    assert_eq!(refused(unknown.chat("m").await).0, 400);
    assert_eq!(unknown.counts(), [1, 0], "nobody says that it takes more");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_long_one_holds_up_nobody_at_the_short_one() {
    let one = Capacity { parallel_requests: Some(1), ..Capacity::default() };
    let narrow = |backend| Deployment { limits: one, ..deployment(backend) };
    let world = World::with([model("m", ["a", "b"].map(narrow))]).start();
    world.server("a").serves(&[("real", Some(8192))]);
    world.server("b").serves(&[("real", Some(32_768))]);
    let permits = Arc::new(Semaphore::new(0));
    world.server("b").always(Play::Held(Arc::clone(&permits)));
    let body = chat("m", "false").replace("\"stream\"", "\"max_tokens\":9000,\"stream\"");
    let asked = [(); 2].map(|()| world.ask_at(Endpoint::ChatCompletions, body.clone(), None));
    world.idle().await;
    assert_eq!(world.waiting("m"), 1);
    for _ in 0..3 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [3, 1]);
    permits.add_permits(2);
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    world.settled().await;
}
