//! Turns over ports that fail, stall and panic. Every test ends with [`Bench::settled`]: no place in
//! flight is lost, no stream stays counted, and each turn has one record at most.

use std::time::Duration;

use http_body_util::BodyExt as _;
use transom_core::failure::Failure;
use transom_core::upstream_error::UpstreamError;

use crate::fakes::{KEEP_ALIVE, Keeps, chunk, events, names, rest, text};
use support::{Bench, STREAM, Server, WHOLE};

mod room;
mod support;

const DONE: &str = "data: [DONE]";

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_at_any_point_leaves_one_cancelled_record() {
    for body in [STREAM, WHOLE] {
        // While the model server has not answered.
        let bench = Bench::new(Server::Hangs, Keeps::Turns);
        let asked = bench.ask(body);
        bench.called().await;
        asked.abort();
        assert_eq!(bench.settled().await, ["cancelled"]);
    }
    // While a whole answer grows.
    let bench = Bench::new(Server::Answers, Keeps::Turns);
    let asked = bench.ask(WHOLE);
    bench.called().await;
    bench.say(text("Half ")).await;
    asked.abort();
    assert_eq!(bench.settled().await, ["cancelled"]);
    // Before the first event, in the middle, and while the model server is silent after some text.
    for said in [vec![], vec!["One "], vec!["One ", "two "]] {
        let bench = Bench::new(Server::Answers, Keeps::Turns);
        let mut stream = match said.first() {
            Some(first) => bench.stream(first).await,
            None => bench.silent_stream().await,
        };
        for word in said.iter().skip(1) {
            bench.say(text(word)).await;
            stream.frame().await.unwrap().unwrap();
        }
        drop(stream);
        assert_eq!(bench.settled().await, ["cancelled"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_does_not_read_frees_the_turn() {
    let bench = Bench::new(Server::Answers, Keeps::Turns);
    let stream = bench.stream("word ").await;
    // Far more than what may wait for a slow client: the model server is made to wait.
    let talking = async {
        for _ in 0..1000 {
            bench.say(text("word ")).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(1), talking).await.is_err());
    drop(stream);
    assert_eq!(bench.settled().await, ["cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_goes_down_tells_every_phase() {
    let bench = Bench::new(Server::Hangs, Keeps::Turns);
    let asked = bench.ask(STREAM);
    bench.called().await;
    bench.world.cut.cancel();
    assert!(matches!(asked.await.unwrap(), Err(Failure::ShuttingDown)));
    assert_eq!(bench.settled().await, ["failed"]);

    let bench = Bench::new(Server::Answers, Keeps::Turns);
    let stream = bench.stream("Half ").await;
    bench.world.cut.cancel();
    let stream = rest(stream).await;
    assert_eq!(names(&stream).last_chunk(), Some(&["error", "response.failed"]));
    assert!(stream.contains("server_shutdown"), "{stream}");
    assert_eq!(bench.settled().await, ["failed"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_durable_is_never_called_complete() {
    for keeps in [Keeps::Nothing, Keeps::Panicking] {
        let bench = Bench::new(Server::Answers, keeps);
        let stream = bench.stream("All of it.").await;
        bench.say(chunk("{}", "\"stop\"")).await;
        bench.end();
        let stream = rest(stream).await;
        let names = names(&stream);
        assert_eq!(names.last_chunk(), Some(&["error", "response.failed"]));
        assert!(!names.contains(&"response.completed") && !names.contains(&DONE), "{names:?}");
        assert!(stream.contains("\"code\":\"storage_unavailable\""), "{stream}");
        assert!(bench.settled().await.is_empty());

        let bench = Bench::new(Server::Answers, keeps);
        let asked = bench.ask(WHOLE);
        bench.called().await;
        bench.say(text("All of it.") + &chunk("{}", "\"stop\"")).await;
        bench.end();
        assert!(matches!(asked.await.unwrap(), Err(Failure::Store(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_defect_ends_one_turn_with_an_error_and_a_record() {
    for body in [STREAM, WHOLE] {
        let bench = Bench::new(Server::Panics, Keeps::Turns);
        assert!(matches!(bench.ask(body).await.unwrap(), Err(Failure::Internal(_))));
        assert_eq!(bench.settled().await, ["failed"]);
    }
    let bench = Bench::new(Server::Answers, Keeps::Turns);
    let stream = bench.stream("Half ").await;
    bench.poison().await;
    let stream = rest(stream).await;
    assert_eq!(names(&stream).last_chunk(), Some(&["error", "response.failed"]));
    assert!(stream.contains("Half ") && stream.contains("internal_error"), "{stream}");
    assert!(!stream.contains("a body with a defect"), "{stream}");
    assert_eq!(bench.settled().await, ["failed"]);
}

#[tokio::test(start_paused = true)]
async fn what_came_before_an_error_is_told_however_the_bytes_were_cut() {
    let broken = "data: {\"error\":{\"message\":\"gone\",\"code\":500}}\n\n";
    let mut told = Vec::new();
    for together in [true, false] {
        let bench = Bench::new(Server::Answers, Keeps::Turns);
        let asked = bench.ask(STREAM);
        if together {
            bench.say(text("Half ") + broken).await;
        } else {
            bench.say(text("Half ")).await;
            bench.say(broken).await;
        }
        let stream = asked.await.unwrap().map(events).unwrap();
        told.push(rest(stream).await);
        assert_eq!(bench.settled().await, ["failed"]);
        assert!(bench.world.records()[0].response.get().contains("Half "));
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_events_gets_comments_even_while_the_model_server_sends_bytes() {
    let bench = Bench::new(Server::Answers, Keeps::Turns);
    let asked = bench.ask(STREAM);
    // The server keeps its own connection alive, which no client sees.
    for _ in 0..4 {
        tokio::time::sleep(KEEP_ALIVE / 2).await;
        bench.say(": still here\n\n").await;
    }
    bench.say(text("Hi")).await;
    bench.say(chunk("{}", "\"stop\"") + "data: [DONE]\n\n").await;
    let stream = rest(asked.await.unwrap().map(events).unwrap()).await;
    let comments = names(&stream).iter().filter(|name| name.starts_with(':')).count();
    assert_eq!(comments, 2, "{stream}");
    // Between two events, never within one.
    assert!(stream.contains("\n\n: keep-alive\n\n: keep-alive\n\nevent: "), "{stream}");
    assert_eq!(bench.settled().await, ["completed"]);
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_is_not_counted_as_a_stream() {
    let bench = Bench::new(Server::Answers, Keeps::Turns);
    let asked = bench.ask(WHOLE);
    bench.called().await;
    bench.say(text("Hi")).await;
    assert_eq!(bench.world.metrics.streams.get(), 0);
    bench.fail(UpstreamError::Truncated { detail: "cut".to_owned() }).await;
    assert!(matches!(asked.await.unwrap(), Err(Failure::Upstream(_))));
    assert_eq!(bench.settled().await, ["failed"]);
}
