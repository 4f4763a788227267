//! Who waits, for what, how long, and in which order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use transom_core::failure::Failure;
use transom_core::model::{Capacity, Deployment};
use transom_core::secret::Secret;

use crate::call::Endpoint;
use crate::fakes::{Play, Said, World, chat, deployment, events, json, model, refused};
use crate::fakes::{role, status, text};
use crate::settings::Access;

#[tokio::test(start_paused = true)]
async fn a_deployment_that_asks_for_a_rest_gets_it_while_another_works() {
    let world = World::with([model("m", [deployment("a"), deployment("b")])]).start();
    world.server("a").next([Play::Status(429, "{}", Some(20))]);
    for _ in 0..5 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [1, 5]);
    tokio::time::advance(Duration::from_secs(20)).await;
    for _ in 0..4 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [3, 7]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_lone_deployment_that_rests_is_waited_for() {
    let world = World::with([model("m", [deployment("a")])]).start();
    world.server("a").next([Play::Status(429, "{}", Some(5))]);
    let begun = Instant::now();
    let asked = [world.ask("m"), world.ask("m"), world.ask("m")];
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    assert_eq!((begun.elapsed().as_secs(), world.counts()), (5, vec![4]));
    // Longer than anybody waits: the client gets the server's own word.
    world.server("a").next([Play::Status(429, "{}", Some(60))]);
    let refusal = refused(world.chat("m").await);
    assert_eq!(refusal, (429, "upstream_rate_limited".to_owned(), Some(60)));
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_loads_is_waited_for_until_the_deadline() {
    let world = World::with([model("m", [deployment("a")])]).start();
    world.server("a").is("loading");
    let asked = [world.ask("m"), world.ask("m")];
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!((world.counts(), world.waiting("m")), (vec![0], 2));
    let ready = Instant::now();
    world.server("a").is("ready");
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    assert_eq!(ready.elapsed(), Duration::ZERO);

    world.server("a").is("loading");
    let asked = [world.ask("m"), world.ask("m")];
    for asked in asked {
        let refusal = refused(asked.await.unwrap());
        assert_eq!(refusal, (503, "model_loading".to_owned(), Some(10)));
    }
    assert_eq!(ready.elapsed(), Duration::from_secs(30));
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn what_will_not_be_there_soon_is_refused_at_once() {
    let world = World::with([model("m", [deployment("a")])]).start();
    let begun = Instant::now();
    for state in ["unreachable", "draining"] {
        world.server("a").is(state);
        let refusal = refused(world.chat("m").await);
        assert_eq!(refusal, (503, "model_unavailable".to_owned(), Some(2)));
    }
    // Even who waits already is told so.
    world.server("a").is("loading");
    let asked = world.ask("m");
    world.idle().await;
    world.server("a").is("unreachable");
    assert_eq!(refused(asked.await.unwrap()).1, "model_unavailable");
    assert!(begun.elapsed() < Duration::from_secs(1));
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_the_server_does_not_list_is_misconfigured_unless_it_is_trusted() {
    let message = |answer: Result<String, Failure>| answer.unwrap_err().public().message;
    let declared = || World::with([model("m", [deployment("a")])]);
    let open = declared().start();
    open.server("a").serves(&[("other", None), ("third", None)]);
    let told = refused(open.chat("m").await);
    assert_eq!(told, (503, "model_misconfigured".to_owned(), None));
    let told = message(open.chat("m").await);
    assert!(told.contains("'m'") && !told.contains("other") && !told.contains("real"), "{told}");

    let key = || Access::Key(Secret::new("sk-master".to_owned()));
    let locked = declared().settings(|settings| settings.access = key()).start();
    locked.server("a").serves(&[("other", None), ("third", None)]);
    let body = chat("m", "false");
    let asked = locked.ask_at(Endpoint::ChatCompletions, body, Some("sk-master"));
    let told = message(json(asked.await.unwrap()));
    assert!(told.ends_with("Its servers serve: other, third."), "{told}");
    assert_eq!((open.counts(), locked.counts()), (vec![0], vec![0]));
    // It is asked again as soon as the server lists the name, and a trusted name at any time.
    open.server("a").serves(&[("real", None)]);
    open.chat("m").await.unwrap();
    let trusted = Deployment { trust_name: true, ..deployment("a") };
    let trusting = World::with([model("m", [trusted])]).start();
    trusting.server("a").serves(&[("other", None)]);
    trusting.chat("m").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_trial_go_as_soon_as_it_has_succeeded() {
    let world = World::with([model("m", [deployment("a")])])
        .routing(|routing| routing.breaker_failures = 1)
        .start();
    world.server("a").next([status(500)]);
    world.chat("m").await.unwrap_err();
    // The trial begins to answer, and goes on for long.
    let (pieces, received) = mpsc::channel(4);
    let live = Arc::new(std::sync::Mutex::new(Some(received)));
    world.server("a").next([Play::Live(live)]);
    let begun = Instant::now();
    let trial = world.ask_at(Endpoint::ChatCompletions, chat("m", "true"), None);
    let others = [world.ask("m"), world.ask("m")];
    world.server("a").called(2).await;
    assert_eq!(begun.elapsed().as_secs(), 5, "the cooldown");
    world.idle().await;
    assert_eq!((world.counts(), world.waiting("m")), (vec![2], 2));
    for said in [role(), text("Hi")] {
        pieces.send(Said::Bytes(said)).await.unwrap();
    }
    let stream = trial.await.unwrap().map(events).unwrap();
    for other in others {
        json(other.await.unwrap()).unwrap();
    }
    assert_eq!(begun.elapsed().as_secs(), 5);
    drop(stream);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_trial_whose_client_leaves_lets_the_next_one_try() {
    let world = World::with([model("m", [deployment("a")])])
        .routing(|routing| routing.breaker_failures = 1)
        .start();
    world.server("a").next([status(500), Play::Hangs]);
    world.chat("m").await.unwrap_err();
    let trial = world.ask("m");
    world.server("a").called(2).await;
    let next = world.ask("m");
    world.idle().await;
    trial.abort();
    json(next.await.unwrap()).unwrap();
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_a_hint_unless_it_is_enforced() {
    let rate =
        |enforced| Capacity { requests_per_minute: Some(2), enforced, ..Capacity::default() };
    let hinted = Deployment { limits: rate(false), ..deployment("a") };
    let world = World::with([model("m", [hinted, deployment("b")])]).start();
    for _ in 0..10 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [2, 8]);

    let enforced = Deployment { limits: rate(true), ..deployment("a") };
    let world = World::with([model("m", [enforced])]).start();
    for _ in 0..2 {
        world.chat("m").await.unwrap();
    }
    let refusal = refused(world.chat("m").await);
    assert_eq!(refusal, (429, "rate_limit_exceeded".to_owned(), Some(61)));
    tokio::time::advance(Duration::from_secs(61)).await;
    world.chat("m").await.unwrap();
    world.settled().await;
}
