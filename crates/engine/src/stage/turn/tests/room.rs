//! Conversations that may have to be shortened, while the client waits.

use super::support::{Bench, Server};
use crate::call::Reply;
use crate::fakes::{KEEP_ALIVE, Keeps, Play, World, deployment, json, model};

/// Two turns.
const AUTO: &str = r#"{"model":"m","stream":true,"truncation":"auto","input":[
    {"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}"#;

#[tokio::test(start_paused = true)]
async fn a_stream_does_not_begin_before_it_is_known_what_is_left_out() {
    // Nobody says how long the context is: the answer itself has to tell.
    let bench = Bench::new(Server::Hangs, Keeps::Turns);
    let mut asked = bench.ask(AUTO);
    bench.called().await;
    assert!(tokio::time::timeout(KEEP_ALIVE * 5, &mut asked).await.is_err());
    asked.abort();
    assert_eq!(bench.settled().await, ["cancelled"]);

    // It is short beyond doubt.
    let bench = Bench::new(Server::Hangs, Keeps::Turns);
    bench.world.server("server").serves(&[("real", Some(100_000))]);
    let asked = bench.ask(AUTO);
    let reply = tokio::time::timeout(KEEP_ALIVE * 5, asked).await.unwrap().unwrap();
    assert!(matches!(reply, Ok(Reply::Events(_))));
    drop(reply);
    assert_eq!(bench.settled().await, ["cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_its_prompt_is_counted_leaves_a_cancelled_record() {
    let bench = Bench::new(Server::Hangs, Keeps::Turns);
    bench.world.server("server").serves(&[("real", Some(64))]);
    let asked = bench.ask(AUTO);
    bench.called().await;
    asked.abort();
    assert_eq!(bench.settled().await, ["cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_counted_decides_and_what_fails_to_be_counted_does_not() {
    let whole = AUTO.replace("true", "false");
    let count = |count| Play::Status(200, count, None);
    let world = World::with([model("m", [deployment("a")])]).start();
    let server = world.server("a");
    server.serves(&[("real", Some(64))]);
    // 56 tokens are left to the prompt.
    server.next([count(r#"{"count":57}"#), count(r#"{"count":20}"#)]);
    let answer =
        world.ask_at(crate::call::Endpoint::Responses, whole.as_str(), None).await.unwrap();
    assert!(matches!(&answer, Ok(Reply::Shortened(dropped, _)) if dropped.items == 2));
    json(answer).unwrap();
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[2].contains(r#""messages":[{"role":"user","content":"c"}]"#), "{}", calls[2]);

    server.next([count(r#"{"count":56}"#)]);
    let answer =
        world.ask_at(crate::call::Endpoint::Responses, whole.as_str(), None).await.unwrap();
    assert!(matches!(answer, Ok(Reply::Json(_))));
    // The tokenizer breaks: the model server decides.
    server.next([Play::Status(400, "{}", None)]);
    let answer =
        world.ask_at(crate::call::Endpoint::Responses, whole.as_str(), None).await.unwrap();
    assert!(matches!(answer, Ok(Reply::Json(_))));
    world.settled().await;
}
