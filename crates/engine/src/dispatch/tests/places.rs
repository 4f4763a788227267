//! Deployments that take only so many requests at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use transom_core::failure::Failure;
use transom_core::model::{Capacity, Deployment};

use crate::call::{Endpoint, Reply};
use crate::fakes::status;
use crate::fakes::{Declared, Play, SLOTS, World, chat, cut, deployment, json, model, refused};

fn limited(backend: &str, places: u32) -> Deployment {
    let limits = Capacity { parallel_requests: Some(places), ..Capacity::default() };
    Deployment { limits, ..deployment(backend) }
}

/// A lone deployment with one place, and what lets its calls go.
fn narrow(change: impl FnOnce(Declared) -> Declared) -> (World, Arc<Semaphore>) {
    let world = change(World::with([model("m", [limited("a", 1)])])).start();
    let permits = Arc::new(Semaphore::new(0));
    world.server("a").always(Play::Held(Arc::clone(&permits)));
    (world, permits)
}

fn said(world: &World, what: &str) -> JoinHandle<Result<Reply, Failure>> {
    let body = chat("m", "false").replace("\"Hi\"", &format!("{what:?}"));
    world.ask_at(Endpoint::ChatCompletions, body, None)
}

#[tokio::test(start_paused = true)]
async fn those_over_the_parallel_limit_wait_in_the_order_of_coming() {
    let (world, permits) = narrow(|declared| declared);
    let asked = ["one", "two", "three", "four"].map(|what| said(&world, what));
    world.idle().await;
    assert_eq!((world.counts(), world.waiting("m")), (vec![1], 3));
    for served in 1..=4 {
        permits.add_permits(1);
        world.idle().await;
        assert_eq!(world.waiting("m"), 3_usize.saturating_sub(served));
    }
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    let calls = world.server("a").calls();
    for (call, what) in calls.iter().zip(["one", "two", "three", "four"]) {
        assert!(call.contains(what), "{calls:?}");
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_are_refused_at_once_and_those_who_wait_too_long_then() {
    let (world, permits) = narrow(|declared| declared.routing(|routing| routing.queue_length = 2));
    let asked = [world.ask("m"), world.ask("m"), world.ask("m")];
    world.idle().await;
    let begun = Instant::now();
    let full = (503, "model_overloaded".to_owned(), Some(1));
    assert_eq!(refused(world.chat("m").await), full);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let [first, waited, also] = asked;
    assert_eq!(refused(waited.await.unwrap()), full);
    assert_eq!(refused(also.await.unwrap()), full);
    assert_eq!(begun.elapsed().as_secs(), 29, "the deadline");
    permits.add_permits(1);
    json(first.await.unwrap()).unwrap();
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_frees_its_place_wherever_it_stands() {
    let (world, permits) = narrow(|declared| declared);
    let [at_work, head, behind, last] = ["one", "two", "three", "four"].map(|it| said(&world, it));
    world.idle().await;
    behind.abort();
    world.idle().await;
    assert_eq!(world.waiting("m"), 2);
    head.abort();
    world.idle().await;
    assert_eq!(world.waiting("m"), 1);
    at_work.abort();
    permits.add_permits(1);
    json(last.await.unwrap()).unwrap();
    let calls = world.server("a").calls();
    assert!(calls.len() == 2 && calls[1].contains("four"), "{calls:?}");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_place_of_long_prompts_holds_up_nobody_else() {
    let short = Deployment { max_context_tokens: Some(100), ..limited("short", 1) };
    let world = World::with([model("m", [short, limited("long", 1)])]).start();
    let permits = Arc::new(Semaphore::new(0));
    world.server("long").always(Play::Held(Arc::clone(&permits)));
    let long = chat("m", "false").replace("\"stream\"", "\"max_tokens\":500,\"stream\"");
    let ask = || world.ask_at(Endpoint::ChatCompletions, long.clone(), None);
    let asked = [ask(), ask(), ask()];
    world.idle().await;
    assert_eq!((world.counts(), world.waiting("m")), (vec![1, 0], 2));
    for _ in 0..3 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [1, 3]);
    permits.add_permits(3);
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_waits_for_its_last_deployment_holds_up_nobody_else() {
    let world = World::with([model("m", [deployment("a"), limited("b", 1)])]).start();
    let permits = Arc::new(Semaphore::new(0));
    world.server("b").always(Play::Held(Arc::clone(&permits)));
    world.chat("m").await.unwrap(); // a
    let fills = world.ask("m"); // b
    world.idle().await;
    world.server("a").next([status(500)]);
    let retried = world.ask("m");
    world.idle().await;
    assert_eq!(world.waiting("m"), 1);
    world.chat("m").await.unwrap();
    permits.add_permits(2);
    for asked in [fills, retried] {
        json(asked.await.unwrap()).unwrap();
    }
    world.settled().await;
}

/// Real threads: no call to the head and no free place is ever lost between two of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_on_many_threads_all_get_their_turn() {
    let narrow = [limited("a", 2), limited("b", 1), deployment("c")];
    let [a, b, c] = narrow;
    let short = Deployment { max_context_tokens: Some(1), ..c };
    let world = World::with([model("m", [a, b, short])]).start();
    world.server("a").next(std::array::from_fn::<_, 50, _>(|_| Play::Fails(cut())));
    let asked: Vec<_> = (0..SLOTS).map(|_| world.ask("m")).collect();
    for (at, asked) in asked.into_iter().enumerate() {
        if at % 7 == 3 {
            asked.abort();
        } else {
            json(asked.await.unwrap()).unwrap();
        }
    }
    assert!(world.counts()[2] == 0, "it takes short prompts only");
    world.settled().await;
}
