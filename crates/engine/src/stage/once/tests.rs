//! Requests that are sent again with the same key. Every test ends with [`World::settled`].

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_core::failure::Failure;
use transom_core::id::{ClaimId, RequestId};
use transom_core::port::once::{BodyHash, Claim, IdempotencyKey, MAX_KEPT_BYTES, Name, OnceStore};
use transom_core::scope::Scope;

use crate::call::{Endpoint, EventBody, Reply};
use crate::fakes::{
    DONE, Play, Said, World, chat, chunk, cut, deployment, events, model, refused, rest, status,
    text,
};

const TURN: &str = r#"{"model":"m","input":"Hi"}"#;
const TURN_STREAM: &str = r#"{"model":"m","input":"Hi","stream":true}"#;
const DAY: Duration = Duration::from_hours(24);

fn world() -> World {
    World::with([model("m", [deployment("a")])]).routing(|routing| routing.retries = 0).start()
}

/// Every way to be answered.
fn asked() -> [(Endpoint, String); 4] {
    [
        (Endpoint::Responses, TURN.to_owned()),
        (Endpoint::Responses, TURN_STREAM.to_owned()),
        (Endpoint::ChatCompletions, chat("m", "false")),
        (Endpoint::ChatCompletions, chat("m", "true")),
    ]
}

/// Asks with a key, to the end of the answer.
async fn ask(world: &World, endpoint: Endpoint, body: &str, key: &str) -> Result<Told, Failure> {
    told(world.ask_once(endpoint, body, None, Some(key)).await.unwrap()?).await
}

/// An answer, and the request that it was made for if that was another one.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    first: Option<String>,
    text: String,
}

async fn told(reply: Reply) -> Result<Told, Failure> {
    let (first, reply) = match reply {
        Reply::Shortened(..) => panic!("a conversation that was cut"),
        Reply::Again(again) => (Some(again.request.as_str().to_owned()), *again.reply),
        reply => (None, reply),
    };
    let text = match reply {
        Reply::Json(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Reply::Events(body) => rest(body).await,
        Reply::Again(_) | Reply::Shortened(..) => panic!("another kind of answer"),
    };
    Ok(Told { first, text })
}

/// A stream of a model server that the test sends.
fn live(world: &World) -> mpsc::Sender<Said> {
    let (pieces, received) = mpsc::channel(1);
    world.server("a").next([Play::Live(Arc::new(Mutex::new(Some(received))))]);
    pieces
}

async fn say(pieces: &mpsc::Sender<Said>, bytes: String) {
    pieces.send(Said::Bytes(bytes)).await.ok().unwrap();
}

/// The stream of a request with a key.
async fn stream(world: &World, endpoint: Endpoint, body: &str, key: &str) -> EventBody {
    world.ask_once(endpoint, body, None, Some(key)).await.unwrap().map(events).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_again_gets_the_same_bytes_and_no_model_is_asked() {
    for (endpoint, body) in asked() {
        let world = world();
        let first = ask(&world, endpoint, &body, "k").await.unwrap();
        assert_eq!(first.first, None);
        for _ in 0..2 {
            let again = ask(&world, endpoint, &body, "k").await.unwrap();
            assert!(again.first.is_some_and(|id| id.starts_with("req_")), "{body}");
            assert_eq!(again.text, first.text, "{body}");
        }
        assert_eq!((world.counts(), world.keys.len()), (vec![1], 1), "{body}");
        // Another key, and none, are other requests.
        assert_eq!(ask(&world, endpoint, &body, "other").await.unwrap().first, None);
        world.ask_at(endpoint, body.clone(), None).await.unwrap().unwrap();
        assert_eq!((world.counts(), world.keys.len()), (vec![3], 2), "{body}");
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_route_and_one_body() {
    let world = world();
    ask(&world, Endpoint::Responses, TURN, "k").await.unwrap();
    let chat = chat("m", "false");
    assert_eq!(ask(&world, Endpoint::ChatCompletions, &chat, "k").await.unwrap().first, None);
    for other in [TURN_STREAM, r#"{"model": "m","input":"Hi"}"#, "not JSON"] {
        let found = refused(ask(&world, Endpoint::Responses, other, "k").await);
        assert_eq!(found, (422, "idempotency_key_reused".to_owned(), None), "{other}");
    }
    assert_eq!(world.counts(), [2]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn of_many_at_once_one_is_answered() {
    for (endpoint, body) in asked() {
        let world = world();
        let permits = Arc::new(tokio::sync::Semaphore::new(0));
        world.server("a").always(Play::Held(Arc::clone(&permits)));
        let asked: Vec<_> =
            (0..20).map(|_| world.ask_once(endpoint, body.clone(), None, Some("k"))).collect();
        world.idle().await;
        let other = refused(ask(&world, endpoint, TURN_STREAM.trim_end_matches('}'), "k").await);
        assert_eq!(other, (422, "idempotency_key_reused".to_owned(), None));
        permits.add_permits(20);
        let mut answered = Vec::new();
        for asked in asked {
            match asked.await.unwrap() {
                Ok(reply) => answered.push(told(reply).await.unwrap()),
                Err(failure) => {
                    let found = refused::<Reply>(Err(failure));
                    assert_eq!(found, (409, "idempotency_key_in_use".to_owned(), Some(1)));
                }
            }
        }
        assert_eq!((answered.len(), world.counts()), (1, vec![1]), "{body}");
        assert_eq!(ask(&world, endpoint, &body, "k").await.unwrap().text, answered[0].text);
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_anew_at_once() {
    for (endpoint, body) in asked() {
        let world = world();
        // Refused by the rules, by the model server, and broken in the middle.
        let unknown = body.replace("\"m\"", "\"nobody\"");
        assert_eq!(refused(ask(&world, endpoint, &unknown, "k").await).0, 404);
        assert_eq!(refused(ask(&world, endpoint, "{", "k").await).0, 400);
        world.server("a").next([status(400)]);
        assert_eq!(refused(ask(&world, endpoint, &body, "k").await).0, 400);
        assert_eq!(world.keys.len(), 0, "{body}");
        if body.contains("true") {
            let broken = vec![Said::Bytes(text("Half ")), Said::Breaks(cut())];
            world.server("a").next([Play::Streams(broken)]);
            let half = ask(&world, endpoint, &body, "k").await.unwrap();
            assert!(half.text.contains("Half ") && half.text.contains("error"), "{}", half.text);
            assert_eq!(world.keys.len(), 0, "{body}");
        }
        assert_eq!(ask(&world, endpoint, &body, "k").await.unwrap().first, None);
        assert!(ask(&world, endpoint, &body, "k").await.unwrap().first.is_some());
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_gives_its_key_back() {
    for (endpoint, body) in asked() {
        let world = world();
        world.server("a").next([Play::Hangs]);
        let asked = world.ask_once(endpoint, body.clone(), None, Some("k"));
        world.server("a").called(1).await;
        assert_eq!(world.keys.len(), 1, "{body}");
        asked.abort();
        world.idle().await;
        assert_eq!(world.keys.len(), 0, "{body}");
        if body.contains("true") {
            let pieces = live(&world);
            let asked = world.ask_once(endpoint, body.clone(), None, Some("k"));
            say(&pieces, text("Half ")).await;
            let mut stream = asked.await.unwrap().map(events).unwrap();
            stream.frame().await.unwrap().unwrap();
            drop(stream);
            world.idle().await;
            assert_eq!(world.keys.len(), 0, "{body}");
        }
        assert_eq!(ask(&world, endpoint, &body, "k").await.unwrap().first, None);
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_at_the_very_end_is_answered_again() {
    // A turn runs to its end although nobody has read the last of it.
    let world = world();
    let unread = stream(&world, Endpoint::Responses, TURN_STREAM, "turn").await;
    world.idle().await;
    drop(unread);
    let again = ask(&world, Endpoint::Responses, TURN_STREAM, "turn").await.unwrap();
    assert!(again.first.is_some() && again.text.ends_with(DONE), "{again:?}");

    // A stream that passes through keeps its last piece until the answer is kept.
    let body = chat("m", "true");
    let pieces = live(&world);
    let asked = world.ask_once(Endpoint::ChatCompletions, body.as_str(), None, Some("chat"));
    say(&pieces, text("Hi")).await;
    let mut stream = asked.await.unwrap().map(events).unwrap();
    stream.frame().await.unwrap().unwrap();
    say(&pieces, chunk("{}", "\"stop\"") + DONE).await;
    while let Poll::Ready(frame) = futures_util::poll!(stream.frame()) {
        let piece = frame.unwrap().unwrap().into_data().unwrap();
        assert!(!piece.ends_with(DONE.as_bytes()), "the last piece waits");
    }
    drop(stream);
    world.idle().await;
    let again = ask(&world, Endpoint::ChatCompletions, &body, "chat").await.unwrap();
    assert!(again.first.is_some() && again.text.ends_with(DONE), "{again:?}");
    assert_eq!(world.counts(), [2]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_kept_for_a_day_and_then_deleted() {
    let world = world();
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    tracker.spawn(Arc::clone(&world.gateway).forget_answers(stop.clone()));
    for key in ["a", "b", "c"] {
        ask(&world, Endpoint::Responses, TURN, key).await.unwrap();
    }
    world.later(DAY.checked_sub(Duration::from_secs(1)).unwrap());
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert!(ask(&world, Endpoint::Responses, TURN, "a").await.unwrap().first.is_some());
    world.later(Duration::from_secs(1));
    assert_eq!(ask(&world, Endpoint::Responses, TURN, "a").await.unwrap().first, None);
    assert_eq!(world.keys.len(), 3);
    // All that has run out, and nothing else.
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(world.keys.len(), 1);
    assert!(ask(&world, Endpoint::Responses, TURN, "a").await.unwrap().first.is_some());
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_is_held_as_long_as_its_request_lives_and_no_longer() {
    let world = world();
    let pieces = live(&world);
    let asked = world.ask_once(Endpoint::Responses, TURN, None, Some("k"));
    say(&pieces, text("A long answer")).await;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        world.later(Duration::from_secs(10));
        let found = refused(ask(&world, Endpoint::Responses, TURN, "k").await);
        assert_eq!(found, (409, "idempotency_key_in_use".to_owned(), Some(1)));
    }
    asked.abort();
    world.idle().await;

    // A gateway that died does not come back to it.
    let name =
        Name { route: "/v1/responses".to_owned(), key: IdempotencyKey::parse("dead").unwrap() };
    let dead = Claim {
        holder: ClaimId::fresh(&crate::fakes::Spread::default()),
        request: RequestId::from_client("req_dead").unwrap(),
        body: BodyHash([0; 32]),
        now: world.now(),
        until: world.now().after(crate::held::LEASE),
    };
    world.keys.claim(&Scope::local(), &name, dead).await.unwrap();
    world.later(Duration::from_secs(29));
    assert!(ask(&world, Endpoint::Responses, TURN, "dead").await.is_err());
    world.later(Duration::from_secs(1));
    assert_eq!(ask(&world, Endpoint::Responses, TURN, "dead").await.unwrap().first, None);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_store_nothing_is_promised_and_no_answer_is_lost() {
    for (endpoint, body) in asked() {
        let world = world();
        world.keys.away.store(true, Ordering::Relaxed);
        let found = refused(ask(&world, endpoint, &body, "k").await);
        assert_eq!(found, (503, "storage_unavailable".to_owned(), Some(1)));
        assert_eq!(world.counts(), [0], "{body}");

        // It goes away while the model works: the client gets what has been made for it.
        world.keys.away.store(false, Ordering::Relaxed);
        let permits = Arc::new(tokio::sync::Semaphore::new(0));
        world.server("a").next([Play::Held(Arc::clone(&permits))]);
        let asked = world.ask_once(endpoint, body.clone(), None, Some("k"));
        world.server("a").called(1).await;
        world.keys.away.store(true, Ordering::Relaxed);
        permits.add_permits(1);
        let answer = told(asked.await.unwrap().unwrap()).await.unwrap();
        assert!(answer.text.contains("Hi") && !answer.text.contains("error\":{"), "{answer:?}");
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_given_once_and_not_made_again() {
    let world = world();
    let piece = text(&"word ".repeat(100_000));
    let pieces = MAX_KEPT_BYTES / piece.len() + 1;
    for (endpoint, body) in asked() {
        if body == chat("m", "false") {
            continue;
        }
        let mut said: Vec<_> = (0..pieces).map(|_| Said::Bytes(piece.clone())).collect();
        said.push(Said::Bytes(chunk("{}", "\"stop\"") + DONE));
        world.server("a").next([Play::Streams(said)]);
        let key = format!("k{}", body.len());
        let first = ask(&world, endpoint, &body, &key).await.unwrap();
        assert!(first.text.len() > MAX_KEPT_BYTES);
        let found = refused(ask(&world, endpoint, &body, &key).await);
        assert_eq!(found, (409, "idempotent_answer_too_large".to_owned(), None), "{body}");
        let other = ask(&world, endpoint, &(body + " "), &key).await;
        assert_eq!(refused(other).1, "idempotency_key_reused");
    }
    assert_eq!(world.counts(), [3]);
    world.settled().await;
}
