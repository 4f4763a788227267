//! What is counted of calls: how they end, what ails their servers, what they cost.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use transom_core::model::{Capacity, Deployment};

use crate::call::{Endpoint, EventBody};
use crate::fakes::{
    DONE, Play, Said, World, chat, cut, deployment, events, model, refused, rest, role, text,
};
use crate::metrics::fleet::{AttemptLabel, SymptomLabel};

const DEAD: &str = "data: {\"error\":{\"message\":\"EngineCore encountered an issue. See stack \
                    trace (above) for the root cause.\",\"code\":500}}\n\n";

impl World {
    fn attempts(&self, outcome: &'static str) -> u64 {
        let label = AttemptLabel { deployment: Arc::from("a"), outcome };
        self.metrics.fleet.attempts.get_or_create(&label).get()
    }

    fn symptoms(&self, symptom: &'static str) -> u64 {
        self.metrics.fleet.symptoms.get_or_create(&SymptomLabel { symptom }).get()
    }
}

/// A stream that has content, and what it goes on with.
async fn begun(world: &World, endpoint: Endpoint) -> (EventBody, mpsc::Sender<Said>) {
    let (pieces, received) = mpsc::channel(4);
    world.server("a").next([Play::Live(Arc::new(Mutex::new(Some(received))))]);
    for said in [role(), text("Hi")] {
        pieces.send(Said::Bytes(said)).await.unwrap();
    }
    let body = match endpoint {
        Endpoint::Responses => "{\"model\":\"m\",\"input\":\"Hi\",\"stream\":true}".to_owned(),
        _ => chat("m", "true"),
    };
    let asked = world.ask_at(endpoint, body, None);
    (asked.await.unwrap().map(events).unwrap(), pieces)
}

#[tokio::test(start_paused = true)]
async fn a_call_is_counted_once_and_by_its_end() {
    for endpoint in [Endpoint::ChatCompletions, Endpoint::Responses] {
        let world = World::with([model("m", [deployment("a")])]).start();
        let (stream, ends) = begun(&world, endpoint).await;
        assert_eq!(world.attempts("ok"), 0, "it has not ended");
        ends.send(Said::Bytes(crate::fakes::chunk("{}", "\"stop\"") + DONE)).await.unwrap();
        rest(stream).await;
        assert_eq!(world.attempts("ok"), 1);

        let (stream, breaks) = begun(&world, endpoint).await;
        breaks.send(Said::Breaks(cut())).await.unwrap();
        rest(stream).await;
        assert_eq!((world.attempts("ok"), world.attempts("connection")), (1, 1));

        let (stream, sick) = begun(&world, endpoint).await;
        sick.send(Said::Bytes(DEAD.to_owned())).await.unwrap();
        let told = rest(stream).await;
        assert!(told.contains("error"), "{told}");
        assert_eq!((world.attempts("server"), world.symptoms("engine_dead")), (1, 1));

        let (stream, _open) = begun(&world, endpoint).await;
        drop(stream);
        world.settled().await;
        assert_eq!((world.attempts("cancelled"), world.attempts("ok")), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_broke_counts_for_the_tokens_of_its_minute() {
    let limits = Capacity { tokens_per_minute: Some(10), enforced: true, ..Capacity::default() };
    let declared = World::with([model("m", [Deployment { limits, ..deployment("a") }])])
        .routing(|routing| routing.retries = 0);
    let body = chat("m", "true").replace("\"Hi\"", &format!("{:?}", "word ".repeat(100)));
    let world = declared.clone().start();
    let stream = world.ask_at(Endpoint::ChatCompletions, body.clone(), None);
    drop(stream.await.unwrap().unwrap());
    world.idle().await;
    assert_eq!(refused(world.chat("m").await).0, 429, "its prompt was read");

    let world = declared.start();
    world.server("a").next([Play::Fails(cut())]);
    world.server("a").next([crate::fakes::status(400)]);
    for _ in 0..2 {
        drop(world.ask_at(Endpoint::ChatCompletions, body.clone(), None).await.unwrap());
    }
    world.chat("m").await.unwrap();
    world.settled().await;
}
