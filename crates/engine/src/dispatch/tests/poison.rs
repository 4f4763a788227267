//! Requests that kill servers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::call::{Endpoint, EventBody};
use crate::fakes::{
    Declared, Play, Said, World, chat, cut, deployment, events, model, refused, rest, role, text,
};

fn three() -> Declared {
    World::with([model("m", ["a", "b", "c"].map(deployment))])
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_killed_two_servers_gets_no_third() {
    let world = three().start();
    for server in ["a", "b", "c"] {
        world.server(server).always(Play::Fails(cut())).dies();
    }
    let poisoned = (422, "request_poisoned".to_owned(), None);
    for _ in 0..2 {
        assert_eq!(refused(world.chat("m").await), poisoned);
        assert_eq!(world.counts().iter().sum::<usize>(), 2);
    }
    // Another request is not held responsible.
    for server in ["a", "b", "c"] {
        world.server(server).always(Play::Answers);
    }
    let other = chat("m", "false").replace("Hi", "Good morning");
    world.ask_at(Endpoint::ChatCompletions, other, None).await.unwrap().unwrap();
    // After a while it may try again.
    tokio::time::advance(transom_routing::poison::REMEMBERED).await;
    world.chat("m").await.unwrap();
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_to_a_server_that_lives_is_no_death() {
    let world = three().start();
    for server in ["a", "b"] {
        world.server(server).always(Play::Fails(cut()));
    }
    for _ in 0..3 {
        world.chat("m").await.unwrap();
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_chat_is_struck_only_when_it_was_alone() {
    let world =
        World::with([model("m", [deployment("a")])]).routing(|routing| routing.retries = 0).start();
    world.server("a").dies();
    let permits = Arc::new(Semaphore::new(0));
    world.server("a").always(Play::Drops(Arc::clone(&permits)));
    for _ in 0..2 {
        let asked = [world.ask("m"), world.ask("m")];
        world.idle().await;
        permits.add_permits(2);
        for asked in asked {
            assert_eq!(refused(asked.await.unwrap()).0, 502);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    permits.add_permits(2);
    for expected in [502, 422] {
        assert_eq!(refused(world.chat("m").await).0, expected, "alone, and then the second time");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_collected_response_that_has_begun_is_struck_only_when_it_was_alone() {
    let world =
        World::with([model("m", [deployment("a")])]).routing(|routing| routing.retries = 0).start();
    world.server("a").dies();
    let body = "{\"model\":\"m\",\"input\":\"Hi\"}";
    for _ in 0..3 {
        let mut ends = Vec::new();
        let asked = [(); 2].map(|()| {
            let (pieces, received) = mpsc::channel(4);
            world.server("a").next([Play::Live(Arc::new(Mutex::new(Some(received))))]);
            for said in [role(), text("Hi")] {
                pieces.try_send(Said::Bytes(said)).ok().unwrap();
            }
            ends.push(pieces);
            world.ask_at(Endpoint::Responses, body, None)
        });
        world.idle().await;
        for pieces in ends {
            pieces.send(Said::Breaks(cut())).await.unwrap();
        }
        for asked in asked {
            let (status, code, _) = refused(asked.await.unwrap());
            assert_eq!((status, code.as_str()), (502, "upstream_disconnected"));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    world.settled().await;
}

/// A stream at the server that has content, and what it goes on with.
async fn stream(world: &World, server: &str, body: String) -> (EventBody, mpsc::Sender<Said>) {
    let (pieces, received) = mpsc::channel(4);
    world.server(server).next([Play::Live(Arc::new(Mutex::new(Some(received))))]);
    for said in [role(), text("Hi")] {
        pieces.send(Said::Bytes(said)).await.unwrap();
    }
    let asked = world.ask_at(Endpoint::ChatCompletions, body, None);
    (asked.await.unwrap().map(events).unwrap(), pieces)
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_struck_only_when_it_was_alone_at_the_server_that_died() {
    let world = World::with([model("m", [deployment("a")])]).start();
    world.server("a").dies();
    let (culprit, bystander) = (chat("m", "true"), chat("m", "true").replace("Hi", "Hello"));
    for _ in 0..2 {
        let (first, ends) = stream(&world, "a", bystander.clone()).await;
        let (second, also_ends) = stream(&world, "a", bystander.clone()).await;
        for ends in [ends, also_ends] {
            ends.send(Said::Breaks(cut())).await.unwrap();
        }
        let told = [rest(first).await, rest(second).await];
        assert!(told.iter().all(|told| told.contains("upstream_disconnected")));
        world.idle().await;
    }
    drop(stream(&world, "a", bystander).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..2 {
        let (alone, ends) = stream(&world, "a", culprit.clone()).await;
        ends.send(Said::Breaks(cut())).await.unwrap();
        rest(alone).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let asked = world.ask_at(Endpoint::ChatCompletions, culprit, None);
    assert_eq!(refused(asked.await.unwrap()).0, 422);
    world.settled().await;
}
