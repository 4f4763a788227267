//! When the head of a stream leaves, and what follows it.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::Endpoint;
use crate::fakes::{
    DONE, KEEP_ALIVE, World, chat, deployment, events, model, names, refused, rest,
};

const TURN: &str = r#"{"model":"m","input":"Hi","stream":true}"#;

fn loading(queue_timeout: Duration) -> World {
    let world = World::with([model("m", [deployment("a")])])
        .routing(|routing| routing.queue_timeout = queue_timeout)
        .start();
    world.server("a").is("loading");
    world
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_early_keeps_its_status() {
    let world = loading(KEEP_ALIVE / 2);
    for asked in [
        world.ask_at(Endpoint::ChatCompletions, chat("m", "true"), None),
        world.ask_at(Endpoint::Responses, TURN, None),
    ] {
        assert_eq!(refused(asked.await.unwrap()).1, "model_loading");
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_long_begins_and_tells_its_failure_once() {
    let world = loading(KEEP_ALIVE * 2 + Duration::from_secs(1));
    let begun = Instant::now();
    let asked = world.ask_at(Endpoint::ChatCompletions, chat("m", "true"), None);
    let stream = asked.await.unwrap().map(events).unwrap();
    assert_eq!(begun.elapsed(), KEEP_ALIVE);
    let told = rest(stream).await;
    let [": keep-alive", ": keep-alive", error] = names(&told)[..] else { panic!("{told}") };
    assert!(error.contains("\"code\":\"model_loading\""), "{told}");

    let turn = world.turn("m").await.unwrap();
    assert_eq!(
        names(&turn),
        [
            "response.created",
            "response.in_progress",
            ": keep-alive",
            ": keep-alive",
            "error",
            "response.failed"
        ]
    );
    assert!(turn.contains("\"code\":\"model_loading\""), "{turn}");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_begun_to_wait_goes_on_when_the_model_is_ready() {
    let world = loading(Duration::from_mins(1));
    let asked = [
        world.ask_at(Endpoint::ChatCompletions, chat("m", "true"), None),
        world.ask_at(Endpoint::Responses, TURN, None),
    ];
    tokio::time::sleep(KEEP_ALIVE + Duration::from_secs(1)).await;
    world.server("a").is("ready");
    let mut told = Vec::new();
    for asked in asked {
        told.push(rest(asked.await.unwrap().map(events).unwrap()).await);
    }
    assert!(told[0].starts_with(": keep-alive\n\ndata: ") && told[0].ends_with(DONE), "{told:?}");
    assert!(told[1].contains("event: response.completed"), "{told:?}");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_its_stream_waits_leaves_the_line() {
    let world = loading(Duration::from_mins(1));
    for early in [true, false] {
        let chat = world.ask_at(Endpoint::ChatCompletions, chat("m", "true"), None);
        let turn = world.ask_at(Endpoint::Responses, TURN, None);
        world.idle().await;
        assert_eq!(world.waiting("m"), 2);
        if early {
            chat.abort();
            turn.abort();
        } else {
            drop((chat.await.unwrap(), turn.await.unwrap()));
        }
        world.idle().await;
        assert_eq!((world.waiting("m"), world.counts()), (0, vec![0]));
    }
    world.settled().await;
}
