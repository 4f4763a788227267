//! Who gets requests: by weight, by state, by breaker and by its share of failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use transom_core::model::{Deployment, Model, Strategy};

use crate::fakes::{Play, World, deployment, json, model, status};

#[tokio::test(start_paused = true)]
async fn every_deployment_has_its_share_by_weight() {
    let weights = [("a", 1), ("b", 3), ("c", 0)];
    let weighted = weights.map(|(id, weight)| Deployment { weight, ..deployment(id) });
    let weighted = Model { strategy: Some(Strategy::WeightedShuffle), ..model("m", weighted) };
    let world = World::with([weighted]).start();
    for _ in 0..400 {
        world.chat("m").await.unwrap();
    }
    let counts = world.counts();
    assert!((80..120).contains(&counts[0]) && counts[2] == 0, "{counts:?}");
    for gone in ["a", "b"] {
        world.server(gone).is("unreachable");
    }
    world.chat("m").await.unwrap();
    assert_eq!(world.counts()[2], 1, "the reserve");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn whole_answers_teach_who_is_fastest_as_well_as_streams_do() {
    let fastest = Model {
        strategy: Some(Strategy::LowestLatency),
        ..model("m", ["a", "b", "c"].map(deployment))
    };
    let world = World::with([fastest]).start();
    for (server, milliseconds) in [("a", 900), ("b", 100), ("c", 800)] {
        world.server(server).takes(Duration::from_millis(milliseconds));
    }
    for _ in 0..40 {
        world.chat("m").await.unwrap();
    }
    let counts = world.counts();
    assert!(counts[1] >= 36, "each of the others once or twice: {counts:?}");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn only_the_ready_get_requests_and_the_degraded_when_nobody_else_is_there() {
    let world = World::with([model("m", ["a", "b", "c", "d"].map(deployment))]).start();
    for (server, state) in [("a", "degraded"), ("b", "loading"), ("c", "draining")] {
        world.server(server).is(state);
    }
    for _ in 0..4 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [0, 0, 0, 4]);
    world.server("d").is("unreachable");
    world.chat("m").await.unwrap();
    assert_eq!(world.counts(), [1, 0, 0, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_opens_after_failures_in_a_row_and_lets_one_trial_through() {
    let world = World::with([model("m", ["a", "b"].map(deployment))])
        .routing(|routing| (routing.breaker_failures, routing.retry_budget) = (3, 1.0))
        .start();
    world.server("a").always(status(500));
    for _ in 0..20 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [3, 20]);
    tokio::time::advance(Duration::from_secs(5)).await;
    let permits = Arc::new(Semaphore::new(0));
    world.server("a").always(Play::Held(Arc::clone(&permits)));
    let asked = [(); 6].map(|()| world.ask("m"));
    world.idle().await;
    assert_eq!(world.counts(), [4, 25], "one trial");
    permits.add_permits(100);
    for asked in asked {
        json(asked.await.unwrap()).unwrap();
    }
    for _ in 0..4 {
        world.chat("m").await.unwrap();
    }
    assert_eq!(world.counts(), [6, 27], "it is back");
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn who_fails_more_than_its_neighbours_is_left_out_for_a_while() {
    let world = World::with([model("m", ["a", "b", "c"].map(deployment))])
        .routing(|routing| routing.retry_budget = 1.0)
        .start();
    // Never enough in a row for the breaker.
    for _ in 0..30 {
        world.server("a").next([status(500), Play::Answers]);
    }
    let ejected = || {
        let readiness = world.gateway.model_readiness("m").unwrap();
        readiness.deployments.iter().map(|seen| seen.ejected).collect::<Vec<_>>()
    };
    for _ in 0..60 {
        world.chat("m").await.unwrap();
    }
    let calls = world.counts()[0];
    assert_eq!((ejected(), calls < 15), (vec![true, false, false], true), "{calls}");
    // A bad one is better than nobody.
    for gone in ["b", "c"] {
        world.server(gone).is("unreachable");
    }
    world.server("a").next([Play::Answers]);
    drop(world.chat("m").await);
    assert_eq!(world.counts()[0], calls + 1);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(ejected(), [false; 3]);
    world.settled().await;
}
