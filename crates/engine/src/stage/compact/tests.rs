//! Summaries: whole ones, and everything that can go wrong on the way to one.

use tokio::task::JoinHandle;
use transom_core::failure::Failure;
use transom_core::scope::Scope;
use transom_core::secret::Secret;
use transom_sealing::keyring::Purpose;

use crate::call::{Endpoint, Reply};
use crate::fakes::{
    DONE, Play, Said, World, chunk, cut, deployment, json, keyring, model, refused, text,
};
use crate::settings::Access;

const BODY: &str = r#"{"model":"m","input":[{"role":"user","content":"Count"},
    {"role":"assistant","content":"One."}]}"#;

const USAGE: &str = "data: {\"model\":\"real\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\
                     \"completion_tokens\":2,\"total_tokens\":11}}\n\n";

fn world() -> World {
    World::with([model("m", [deployment("one"), deployment("two")])]).start()
}

fn ask(world: &World) -> JoinHandle<Result<Reply, Failure>> {
    world.ask_at(Endpoint::Compact, BODY, None)
}

async fn compacted(world: &World) -> Result<String, Failure> {
    json(ask(world).await.unwrap())
}

fn says(pieces: &[&str], finish: &str) -> Play {
    let mut said: String = pieces.iter().map(|piece| text(piece)).collect();
    said += &(chunk("{}", finish) + USAGE + DONE);
    Play::Streams(vec![Said::Bytes(said)])
}

#[tokio::test(start_paused = true)]
async fn the_summary_is_sealed_behind_what_the_user_said() {
    let world = world();
    world.server("one").next([says(&["It counted ", "to one."], "\"stop\"")]);
    let object = compacted(&world).await.unwrap();
    let (head, rest) = object.split_once(r#""encrypted_content":""#).unwrap();
    assert!(head.contains(r#""object":"response.compaction""#) && head.contains("Count"));
    assert!(!object.contains("One.") && !object.contains("to one"), "{object}");
    assert!(rest.contains(r#""input_tokens":9"#) && rest.contains(r#""total_tokens":11"#));
    let blob = rest.split('"').next().unwrap();
    let opened = keyring().open(Purpose::Summary, &Scope::local(), blob).unwrap();
    assert_eq!(opened.of_model("m").unwrap(), ["It counted to one."]);
    // The question comes last, and nothing is stored.
    let sent = world.server("one").calls().remove(0);
    let (before, question) = sent.rsplit_once(r#"{"role":"user","content":""#).unwrap();
    assert!(before.contains("One.") && question.starts_with("The conversation above"), "{sent}");
    world.settled().await;
    assert!(world.records().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_server_takes_over_until_the_summary_is_whole() {
    let world = world();
    let broken = vec![Said::Bytes(text("Half ")), Said::Breaks(cut())];
    world.server("one").next([Play::Streams(broken)]);
    world.server("two").next([says(&["All."], "\"stop\"")]);
    let object = compacted(&world).await.unwrap();
    let blob = object.split(r#""encrypted_content":""#).nth(1).unwrap().split('"').next().unwrap();
    let opened = keyring().open(Purpose::Summary, &Scope::local(), blob).unwrap();
    assert_eq!(opened.of_any_model(), ["All."]);
    assert_eq!(world.counts(), [1, 1]);
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn half_a_summary_and_none_at_all_are_failures() {
    for (play, expected) in [
        (says(&["Half"], "\"length\""), (400, "context_length_exceeded")),
        (says(&[" "], "\"stop\""), (502, "bad_upstream_response")),
        (Play::Streams(vec![Said::Bytes(text("Half"))]), (502, "upstream_disconnected")),
    ] {
        let world = World::with([model("m", [deployment("one")])]);
        let world = world.routing(|routing| routing.retries = 0).start();
        world.server("one").next([play]);
        let (status, code, _) = refused(compacted(&world).await);
        assert_eq!((status, code.as_str()), expected);
        world.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_and_a_gateway_that_goes_down_leave_nothing_behind() {
    let world = world();
    world.server("one").always(Play::Hangs);
    let asked = ask(&world);
    world.server("one").called(1).await;
    asked.abort();
    world.settled().await;

    let world = self::world();
    world.server("one").always(Play::Hangs);
    let asked = ask(&world);
    world.server("one").called(1).await;
    world.cut.cancel();
    assert!(matches!(asked.await.unwrap(), Err(Failure::ShuttingDown)));
    world.settled().await;
}

#[tokio::test(start_paused = true)]
async fn it_takes_a_key_and_a_model_like_every_turn() {
    let world = World::with([model("m", [deployment("one")])]);
    let key = Access::Key(Secret::new("sk".to_owned()));
    let world = world.settings(move |settings| settings.access = key).start();
    let asked = world.ask_at(Endpoint::Compact, BODY, Some("wrong")).await.unwrap();
    assert!(matches!(asked, Err(Failure::Unauthenticated)));
    let body = BODY.replace(r#""m""#, r#""nobody""#);
    let asked = world.ask_at(Endpoint::Compact, body, Some("sk")).await.unwrap();
    assert!(matches!(asked, Err(Failure::NotFound(_))));
    world.settled().await;
}
