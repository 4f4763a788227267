//! An acknowledged response is never lost (D1, D2(a) and D10 of the fault table).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use transom_testkit::{Client, FakeBackend, Gate, TestGateway, answer};

use crate::strace::{Step, Traced};
use crate::support::{RESPONSES, gateway, response, response_stream};

const CYCLES: usize = 25;

const CLIENTS: usize = 16;

/// Acknowledged responses after which the program is killed.
const ENOUGH: usize = 100;

#[derive(Deserialize)]
struct Terminal<'a> {
    #[serde(borrow)]
    response: &'a RawValue,
}

#[derive(Deserialize)]
struct Named<'a> {
    id: &'a str,
}

/// Id and exact text of an acknowledged response.
fn acknowledged(object: &str) -> (String, String) {
    let named: Named<'_> = serde_json::from_str(object).expect("a response");
    (named.id.to_owned(), object.to_owned())
}

async fn stream(gateway: &TestGateway) -> (String, String) {
    let mut stream = gateway.client().stream(RESPONSES, response_stream("hi")).await;
    let completed = stream.until("response.completed").await.event.data;
    let terminal: Terminal<'_> = serde_json::from_str(&completed).expect("a terminal event");
    acknowledged(terminal.response.get())
}

#[tokio::test]
async fn no_acknowledged_response_is_lost_when_the_program_is_killed() {
    let backend = FakeBackend::start().await;
    let mut gateway = gateway().upstream(&backend.url()).start().await;
    let mut known = BTreeMap::new();
    for cycle in 0..CYCLES {
        let gate = Gate::new("never opened");
        backend.answer(answer::chat_text("half an").wait(&gate).text(" answer"));
        let client = gateway.client();
        let mut unfinished = client.stream(RESPONSES, response_stream("cut")).await;
        let created = unfinished.until("response.created").await.event.json();
        let half = created["response"]["id"].as_str().expect("an id").to_owned();
        unfinished.until("response.output_text.delta").await;
        if cycle % 2 == 0 {
            known.extend([stream(&gateway).await]);
        } else {
            let answer = client.post(RESPONSES, response("hi")).await;
            known.extend([acknowledged(&answer.text())]);
        }
        gateway.kill_9();
        gateway = gateway.restart().await;
        let half = gateway.client().get(&format!("{RESPONSES}/{half}")).await;
        assert_eq!(half.status, 404, "nothing is kept by halves");
        for (id, object) in &known {
            let stored = gateway.client().get(&format!("{RESPONSES}/{id}")).await;
            assert_eq!((stored.status, &stored.text()), (200, object), "cycle {cycle}");
        }
    }
    assert_eq!(known.len(), CYCLES);
}

/// Asks again and again until the connection breaks; tells each acknowledged response at once.
async fn asking(client: Client, told: UnboundedSender<(String, String)>) {
    while let Ok(mut stream) = client.try_stream(RESPONSES, &response_stream("hi")).await {
        while let Ok(Some(next)) = stream.try_next().await {
            if next.event.event == "response.completed" {
                let terminal: Terminal<'_> =
                    serde_json::from_str(&next.event.data).expect("a terminal event");
                told.send(acknowledged(terminal.response.get())).expect("the test listens");
            }
        }
    }
}

#[tokio::test]
async fn none_is_lost_while_many_are_written_at_once() {
    let backend = FakeBackend::start().await;
    let gateway = gateway().upstream(&backend.url()).start().await;
    let (told, mut heard) = unbounded_channel();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(asking(gateway.client(), told.clone()));
    }
    drop(told);
    let mut known = BTreeMap::new();
    while known.len() < ENOUGH {
        known.extend([heard.recv().await.expect("clients go on")]);
    }
    gateway.kill_9();
    while let Some(response) = heard.recv().await {
        known.extend([response]);
    }
    let gateway = gateway.restart().await;
    for (id, object) in &known {
        let stored = gateway.client().get(&format!("{RESPONSES}/{id}")).await;
        assert_eq!((stored.status, &stored.text()), (200, object));
    }
}

#[tokio::test]
async fn the_disk_has_a_response_before_the_client_hears_of_it() {
    let backend = FakeBackend::start().await;
    let steps = traced(&backend, "durable").await;
    // Twice: the log is written, it is on the disk, the client is told.
    let once = [Step::LogWritten, Step::LogSynced, Step::Told];
    assert!(steps.ends_with(&[once, once].concat()), "{steps:?}");
}

#[tokio::test]
async fn the_fast_store_does_not_wait_for_the_disk() {
    let backend = FakeBackend::start().await;
    let steps = traced(&backend, "fast").await;
    let once = [Step::LogWritten, Step::Told];
    assert!(steps.ends_with(&[once, once].concat()), "{steps:?}");
}

/// What strace sees of a whole answer and of a stream. One answer before them is for the log's own
/// header, which is synced whatever the durability.
async fn traced(backend: &FakeBackend, durability: &str) -> Vec<Step> {
    let traced = Traced::start(backend, durability).await;
    let client = traced.gateway.client();
    for _ in 0..2 {
        assert_eq!(client.post(RESPONSES, response("hi")).await.status, 200);
    }
    client.stream(RESPONSES, response_stream("hi")).await.until("response.completed").await;
    traced.finish().await
}

#[tokio::test]
async fn programs_that_start_at_once_share_one_file() {
    let (backend, folder) = (FakeBackend::start().await, TempDir::new().expect("a folder"));
    let path = folder.path().join("shared.db");
    let url = format!("sqlite+aiosqlite:///{}", path.display());
    let one = || gateway().upstream(&backend.url()).env("VR_DB_PATH", &url).start();
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let gateways = [a, b, c, d];
    for writer in &gateways {
        let (id, object) = stream(writer).await;
        for reader in &gateways {
            let stored = reader.client().get(&format!("{RESPONSES}/{id}")).await;
            assert_eq!((stored.status, stored.text()), (200, object.clone()));
        }
    }
}
