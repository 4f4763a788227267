//! Trap 2 at servers that are not probed: guide 002's own files declare such ones.

use transom_testkit::{Client, FakeBackend};

use crate::support::guide::{self, Servers};
use crate::support::pack::{self, MIXTRAL, MIXTRAL_CHAT};
use crate::support::{CHAT, ask, await_state, eventually, gateway, readyz, refusal, text, word_of};

const MISCONFIGURED: &str = "model_misconfigured";

/// Asks until this model is answered.
async fn until_answered(client: &Client, model: &str) {
    let what = format!("{model} to be answered");
    eventually(&what, async || client.post(CHAT, ask(model)).await.status == 200).await;
}

#[tokio::test]
async fn a_server_restarted_under_the_right_name_is_used_without_a_reload() {
    let server = FakeBackend::builder().models(["mixtral"]).start().await;
    let file = pack::failover(&server.url(), &server.url());
    let line = ["gateway", "run", "--listen", "127.0.0.1:0", "--policy-config", "policy.yaml"];
    let gateway = gateway().file("policy.yaml", file).command_line(line);
    let gateway = gateway.arg("--without-policies").wait_listening().start().await;
    let client = gateway.client();
    await_state(&client, MIXTRAL_CHAT, "misconfigured").await;
    let refused = client.post(CHAT, ask(MIXTRAL_CHAT)).await;
    assert_eq!(refusal(&refused), (503, MISCONFIGURED.to_owned()));
    assert_eq!(server.count(CHAT), 0, "a request that must fail is not sent");

    let revision = readyz(&client, "").await.1["revision"].clone();
    server.serve([MIXTRAL]);
    until_answered(&client, MIXTRAL_CHAT).await;
    assert_eq!(readyz(&client, "").await.1["revision"], revision, "nothing was reloaded");
}

#[tokio::test]
async fn a_server_that_renames_its_model_is_misconfigured_and_not_a_missing_model() {
    let servers = Servers::start().await;
    let file = servers.file();
    let unprobed =
        "\n    model_info: {disable_background_health_check: true}\n  - model_name: coder";
    assert!(file.contains("\n  - model_name: coder"), "{file}");
    let file = file.replacen("\n  - model_name: coder", unprobed, 1);
    let gateway = gateway().config("config.yaml", file).dotenv(guide::DOTENV).admin();
    let gateway = gateway.start().await;
    let client = guide::client(&gateway);
    assert_eq!(word_of(&client, "default").await, "Hello from the fake backend.");

    servers.general.serve(["gpt-oss-120b-fp8"]);
    let misconfigured = async || {
        let refused = refusal(&client.post(CHAT, ask("default")).await);
        assert!(refused.0 == 404 || refused == (503, MISCONFIGURED.to_owned()), "{refused:?}");
        refused.0 == 503
    };
    eventually("the new name to be noticed", misconfigured).await;
    let seen = readyz(&client, "?model=default").await.1;
    let reason = text(&seen["models"][0]["deployments"][0]["reason"]).to_owned();
    assert!(reason.contains("serves \"gpt-oss-120b-fp8\""), "{seen}");
    let sent = servers.general.count(CHAT);
    assert_eq!(refusal(&client.post(CHAT, ask("default")).await), (503, MISCONFIGURED.to_owned()));
    assert_eq!(servers.general.count(CHAT), sent, "a request that must fail is not sent");

    servers.general.serve(["gpt-oss-120b"]);
    until_answered(&client, "default").await;
}
