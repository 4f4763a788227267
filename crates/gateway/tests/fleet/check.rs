//! `transom check --online`: what every model server answers, for people and for machines.

use serde_json::Value;
use transom_testkit::backend::Phase;
use transom_testkit::gateway::Finished;
use transom_testkit::{FakeBackend, TestGateway};

use crate::support::{BINARY, gateway, text};

fn file(server: &FakeBackend, model: &str) -> String {
    format!(
        "backends: [{{name: one, url: '{}/v1'}}]\nmodels: [{{name: m, deployments: \
         [{{backend: one, model: {model}}}]}}]\n",
        server.url()
    )
}

const LINE: [&str; 4] = ["check", "--online", "--config", "transom.yaml"];
const AS_JSON: [&str; 2] = ["--format", "json"];

async fn check(file: &str, more: &[&str]) -> Finished {
    let line = LINE.into_iter().chain(more.iter().copied());
    gateway().file("transom.yaml", file).command_line(line).run().await
}

/// The one object that is printed, and nothing beside it.
fn object(ended: &Finished) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[tokio::test]
async fn for_machines_it_is_one_json_object() {
    let server = FakeBackend::start().await;
    let (well, wrong) = (
        check(&file(&server, "tiny"), &AS_JSON).await,
        check(&file(&server, "other"), &AS_JSON).await,
    );
    assert!(well.has_code(0), "{well:?}");
    let port = server.address().port();
    let seen = format!(
        r#"[{{"backend":"one","address":"127.0.0.1:{port}","steps":["name: 127.0.0.1","connection: ok","answer: ready, 1 model","routes: /v1/chat/completions yes, /v1/responses yes"],"advice":null,"unknown_names":[]}}]"#
    );
    let all = object(&well);
    assert_eq!(all["servers"], serde_json::from_str::<Value>(&seen).expect("JSON"));
    assert_eq!((all["ok"].as_bool(), all["remarks"].to_string()), (Some(true), "[]".to_owned()));

    assert!(wrong.has_code(1), "{wrong:?}");
    let all = object(&wrong);
    assert_eq!(all["ok"], false);
    let unknown = &all["servers"][0]["unknown_names"][0];
    assert_eq!(unknown["model"], "m");
    assert!(text(&unknown["advice"]).contains("it serves \"tiny\""), "{unknown}");
}

#[tokio::test]
async fn a_server_that_loads_is_told_with_what_it_waits_for() {
    let closed = FakeBackend::builder().loading().start().await;
    let loading = FakeBackend::builder().phase(Phase::Loading).start().await;
    let told = [
        (&closed, "connection: failed", "(connection refused)"),
        (&loading, "answer: failed", "it is loading its model"),
    ];
    for (server, step, advice) in told {
        let ended = check(&file(server, "tiny"), &[]).await;
        assert!(ended.has_code(1), "{ended:?}");
        assert!(ended.stdout.contains(&format!("  {step}\n")), "{ended:?}");
        assert!(ended.stdout.contains(advice), "{ended:?}");
        let all = object(&check(&file(server, "tiny"), &AS_JSON).await);
        assert!(text(&all["servers"][0]["advice"]).contains(advice), "{all}");
    }
}

#[tokio::test]
async fn models_that_were_added_through_the_admin_api_are_asked_for_too() {
    let (server, added) = (FakeBackend::start().await, FakeBackend::start().await);
    let running = gateway().config_yaml(file(&server, "tiny")).admin().start().await;
    let body = format!(
        r#"{{"model":{{"name":"small","deployments":[{{"backend":"small-1","model":"nowhere"}}]}},"backends":[{{"name":"small-1","url":"{}/v1"}}]}}"#,
        added.url()
    );
    let written = running.admin().await.post("/admin/v1/models", body).await;
    assert_eq!(written.status, 201, "{}", written.text());

    let ended = TestGateway::builder(BINARY).command_line(LINE).in_folder_of(&running).run().await;
    assert!(ended.has_code(1), "{ended:?}");
    assert!(ended.stdout.contains("backend small-1 ("), "{ended:?}");
    assert!(ended.stdout.contains("model small: "), "{ended:?}");

    let elsewhere = check(&file(&server, "tiny"), &[]).await;
    assert!(elsewhere.has_code(0), "another folder has another store: {elsewhere:?}");
    let twice = gateway().file("transom.yaml", file(&server, "tiny")).command_line(LINE);
    let ended = twice.run().await;
    assert!(!ended.stdout.contains("small"), "{ended:?}");
}
