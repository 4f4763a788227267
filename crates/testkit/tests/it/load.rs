use std::time::Duration;

use transom_testkit::answer::canary::echo;
use transom_testkit::answer::{Finish, Step, chat_text, errors, event_stream, json};
use transom_testkit::load::{End, Mix, Report};
use transom_testkit::{Client, FakeBackend, FakeProcess, Load, Script};

fn load(backend: &FakeBackend) -> Load {
    Load::chat(Client::new(&backend.url()), "tiny")
}

async fn one(backend: &FakeBackend, script: impl Into<Script>, mix: Mix) -> Report {
    backend.answer(script);
    load(backend).clients(1).requests(1).mix(mix).run().await
}

#[tokio::test]
async fn a_load_on_a_sound_server_is_answered_wholly_on_as_many_connections_as_clients() {
    let backend = FakeBackend::builder().default_answer(echo(3, Duration::ZERO)).start().await;
    let report = load(&backend).clients(4).requests(200).run().await;
    report.assert_all_whole();
    assert_eq!((report.whole(), report.outcomes.len()), (200, 200));
    assert_eq!(report.models().into_iter().collect::<Vec<_>>(), ["tiny"]);
    assert!(report.latency(50) <= report.latency(99));
    assert!((1..=4).contains(&backend.accepted_connections()));
    let numbers: Vec<_> = report.outcomes.iter().map(|outcome| outcome.number).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    backend.finish();
}

#[tokio::test]
async fn every_way_to_fail_is_told_apart() {
    let backend = FakeBackend::start().await;
    let error = errors::object(500, "dead", "InternalServerError", None);
    let cases: [(Script, Mix, &str, bool); 7] = [
        (errors::overloaded().into(), Mix::Streams, "refused 503 ServiceUnavailableError", true),
        (
            chat_text("a").error(&error).script(),
            Mix::Streams,
            "begun, told InternalServerError",
            false,
        ),
        (chat_text("").error(&error).script(), Mix::Streams, "told InternalServerError", true),
        (chat_text("a b").step(Step::Close).script(), Mix::Streams, "begun, cut", false),
        (
            chat_text("a").finish(Finish::Missing).without_done().script(),
            Mix::Streams,
            "begun, cut",
            false,
        ),
        (json(200, "{}").into(), Mix::Plain, "cut", true),
        (
            chat_text("").step(Step::Reset).script().map(|a| a.first(Step::Reset)),
            Mix::Plain,
            "no answer",
            true,
        ),
    ];
    for (script, mix, way, unbegun) in cases {
        let report = one(&backend, script, mix).await;
        let tally: Vec<_> = report.tally().into_iter().collect();
        assert_eq!(tally, [(way.to_owned(), 1)]);
        assert_eq!(report.outcomes[0].failed_unbegun(), unbegun, "{way}");
    }
    let strange = one(&backend, chat_text("This is canary-9 of another"), Mix::Plain).await;
    assert!(strange.outcomes[0].foreign.contains("canary-9"));
}

#[tokio::test]
async fn a_killed_process_is_seen_by_those_it_was_answering_and_those_who_come_after() {
    let mut process =
        FakeProcess::builder().words(20).pause(Duration::from_millis(2)).start().await;
    let client = || Client::new(&process.url());
    let running =
        Load::chat(client(), "tiny").clients(4).for_at_most(Duration::from_secs(15)).start();
    running.await_ended(8).await;
    process.kill_9().await;
    running.await_more(8).await;
    let again = Load::chat(client(), "tiny").clients(2).requests(4);
    process.restart().await;
    let report = running.finish().await;
    again.run().await.assert_all_whole();
    assert!(report.whole() >= 8, "{:?}", report.tally());
    let broken = report.count(|outcome| matches!(outcome.end, End::Cut(_) | End::NoAnswer(_)));
    assert!(broken >= 8, "{:?}", report.tally());
    assert_eq!(report.whole() + broken, report.outcomes.len());
}

#[tokio::test]
async fn responses_are_judged_by_their_last_event_and_begin_with_their_first_delta() {
    // It stands for a gateway: clients ask it for what a gateway must not ask a model server for.
    let backend = FakeBackend::builder().lenient().start().await;
    let event = |json: &str| format!("data: {json}\n\n");
    let created = event(r#"{"type":"response.created","response":{"model":"alias"}}"#);
    let delta = event(r#"{"type":"response.output_text.delta","delta":"canary-0"}"#);
    let failed =
        event(r#"{"type":"response.failed","response":{"error":{"code":"server_error"}}}"#);
    let completed = event(r#"{"type":"response.completed","response":{"model":"alias"}}"#);
    for (events, way) in [
        (vec![&created, &delta, &completed], "whole"),
        (vec![&created, &failed], "told server_error"),
        (vec![&created, &delta, &failed], "begun, told server_error"),
        (vec![&created, &delta], "begun, cut"),
    ] {
        let body: String = events.into_iter().map(String::as_str).collect();
        backend.route("/v1/responses", event_stream(body));
        let load = Load::responses(Client::new(&backend.url()), "alias");
        let report = load.clients(1).requests(1).mix(Mix::Streams).run().await;
        assert_eq!(report.tally().into_iter().collect::<Vec<_>>(), [(way.to_owned(), 1)]);
        assert_eq!(report.models().into_iter().collect::<Vec<_>>(), ["alias"]);
        report.assert_unmixed();
    }
    backend.route("/v1/responses", json(200, r#"{"status":"failed","error":{"code":"e"}}"#));
    let load = Load::responses(Client::new(&backend.url()), "alias");
    let report = load.clients(1).requests(1).mix(Mix::Plain).run().await;
    assert!(report.outcomes[0].failed_unbegun());
    assert_eq!(report.outcomes[0].end, End::Told("e".to_owned()));
}
