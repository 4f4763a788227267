//! The configuration changes while requests wait and run.

use std::sync::Arc;

use tokio::sync::Semaphore;
use transom_core::model::{Capacity, Deployment};

use crate::fakes::{Play, World, deployment, json, model, refused};

fn narrow(backend: &str) -> Deployment {
    let limits = Capacity { parallel_requests: Some(1), ..Capacity::default() };
    Deployment { limits, ..deployment(backend) }
}

#[tokio::test(start_paused = true)]
async fn who_waits_goes_to_the_new_place_and_who_runs_ends_at_the_old_one() {
    let world = World::with([model("m", [narrow("a")])]).start();
    let permits = Arc::new(Semaphore::new(0));
    world.server("a").always(Play::Held(Arc::clone(&permits)));
    let [running, first, second] = [(); 3].map(|()| world.ask("m"));
    world.idle().await;
    assert_eq!((world.counts(), world.waiting("m")), (vec![1], 2));
    world.swap(&World::with([model("m", [narrow("b")])]));
    for asked in [first, second] {
        json(asked.await.unwrap()).unwrap();
    }
    assert_eq!(world.counts(), [1, 2]);
    permits.add_permits(1);
    json(running.await.unwrap()).unwrap();
    assert_eq!(world.counts(), [1, 2]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_follows_the_alias_and_keeps_its_turn() {
    let models = || [model("old", [narrow("a")]), model("new", [narrow("b")])];
    let world = World::with(models()).alias("m", "old").start();
    let permits = Arc::new(Semaphore::new(0));
    for server in ["a", "b"] {
        world.server(server).always(Play::Held(Arc::clone(&permits)));
    }
    let asked = [world.ask("old"), world.ask("new"), world.ask("new"), world.ask("m")];
    world.idle().await;
    assert_eq!((world.waiting("old"), world.waiting("new")), (1, 1));
    world.swap(&World::with(models()).alias("m", "new"));
    world.idle().await;
    assert_eq!((world.waiting("old"), world.waiting("new")), (0, 2));
    permits.add_permits(4);
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    assert_eq!(world.counts(), [1, 3]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_model_that_is_taken_out_is_told_so() {
    let world = World::with([model("m", [deployment("a")])]).start();
    world.server("a").is("loading");
    let asked = [world.ask("m"), world.ask("m")];
    world.idle().await;
    world.swap(&World::with([model("other", [deployment("a")])]));
    for asked in asked {
        assert_eq!(refused(asked.await.unwrap()).1, "model_not_found");
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_wider_limit_lets_those_who_wait_in_at_once() {
    let world = World::with([model("m", [narrow("a")])]).start();
    let permits = Arc::new(Semaphore::new(0));
    world.server("a").always(Play::Held(Arc::clone(&permits)));
    let asked = [(); 3].map(|()| world.ask("m"));
    world.idle().await;
    assert_eq!(world.counts(), [1]);
    world.swap(&World::with([model("m", [deployment("a")])]));
    world.idle().await;
    assert_eq!((world.counts(), world.waiting("m")), (vec![3], 0));
    permits.add_permits(3);
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    world.settled().await;
}
