//! The deployment of guide 002: targets with their policies, a primary and a secondary.

use std::time::Duration;

use transom_testkit::gateway::{Builder, Finished};
use transom_testkit::load::Load;
use transom_testkit::{Client, FakeBackend, PATIENCE};

use crate::support::pack::{self, MIXTRAL, MIXTRAL_CHAT};
use crate::support::{
    CHAT, ask, await_state, eventually, gateway, listed, readyz, refusal, text, word_of,
};

const RUN: [&str; 6] =
    ["gateway", "run", "--listen", "127.0.0.1:0", "--policy-config", "policy-config.yaml"];

/// The guide's command with this file, on a free port.
fn run(file: &str, more: &[&'static str]) -> Builder {
    let line = RUN.into_iter().chain(more.iter().copied());
    gateway().file("policy-config.yaml", file).command_line(line)
}

async fn refused(file: &str, line: &[&str]) -> Finished {
    let ended =
        gateway().file("policy-config.yaml", file).command_line(line.iter().copied()).run().await;
    assert!(ended.has_code(2), "{ended:?}");
    ended
}

async fn mixtral() -> FakeBackend {
    FakeBackend::builder().models([MIXTRAL]).start().await
}

#[tokio::test]
async fn a_file_with_policies_is_refused_by_section_until_it_is_loaded_without_them() {
    let (primary, secondary) = (mixtral().await, mixtral().await);
    let file = pack::failover(&primary.url(), &secondary.url());
    let ended = refused(&file, &RUN).await;
    for section in ["policy-config.yaml:13 policies:", "policy-config.yaml:16 policy:"] {
        assert!(ended.stderr.contains(section), "{ended:?}");
    }
    assert!(ended.stderr.contains("--without-policies"), "{ended:?}");

    let gateway = run(&file, &["--without-policies"]).start().await;
    gateway.await_log("Without policies: policy-config.yaml:13 policies").await;
    gateway.await_log("Without policies: policy-config.yaml:16 policy").await;
    let client = gateway.client();
    let left_out = readyz(&client, "").await.1["left_out"].clone();
    assert_eq!(
        left_out.to_string(),
        r#"["policy-config.yaml:13 policies","policy-config.yaml:16 policy"]"#
    );
    assert_eq!(word_of(&client, MIXTRAL_CHAT).await, "Hello from the fake backend.");
    assert_eq!(primary.last_request().json()["model"], MIXTRAL);
}

#[tokio::test]
async fn the_address_of_the_guide_is_refused_without_a_key_and_the_message_shows_the_way() {
    let file = pack::failover("http://127.0.0.1:9", "http://127.0.0.1:9");
    let mut line = RUN.to_vec();
    line[3] = "0.0.0.0:41002";
    line.push("--without-policies");
    let ended = refused(&file, &line).await;
    assert!(
        ended.stderr.contains("--listen: 0.0.0.0 is reachable from other machines"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("--api-key"), "{ended:?}");
}

/// A client that asks until the answer comes from there.
async fn until_it_answers(client: &Client, server: &FakeBackend, what: &str) -> Duration {
    let before = server.count(CHAT);
    eventually(what, async || {
        word_of(client, MIXTRAL_CHAT).await;
        server.count(CHAT) > before
    })
    .await
}

#[tokio::test]
async fn the_secondary_takes_over_from_a_killed_primary_and_gives_back_with_no_request_lost() {
    let (primary, secondary) = (mixtral().await, mixtral().await);
    let file = pack::probed(&primary.url(), &secondary.url());
    let gateway = run(&file, &["--without-policies"]).start().await;
    let client = gateway.client();
    await_state(&client, MIXTRAL_CHAT, "ready").await;
    eventually("both targets to be ready", async || {
        let seen = readyz(&client, "").await.1;
        let deployments = seen["models"][0]["deployments"].as_array().expect("a list").clone();
        deployments.iter().all(|target| target["state"] == "ready")
    })
    .await;
    for name in [MIXTRAL_CHAT, MIXTRAL, MIXTRAL_CHAT] {
        word_of(&client, name).await;
    }
    assert_eq!((primary.count(CHAT), secondary.count(CHAT)), (3, 0), "the primary is first");

    let load = Load::chat(gateway.client(), MIXTRAL_CHAT).clients(4).for_at_most(PATIENCE).start();
    load.await_ended(40).await;
    primary.kill().await;
    load.await_more(200).await;
    let report = load.finish().await;
    println!("killed primary: {:?}, p99 {:?}", report.tally(), report.latency(99));
    report.assert_unbegun_ones_are_answered();
    let taken = until_it_answers(&client, &secondary, "the secondary to answer").await;
    assert_eq!(readyz(&client, &format!("?model={MIXTRAL_CHAT}")).await.0, 200);

    primary.listen().await;
    let back = until_it_answers(&client, &primary, "the primary to answer again").await;
    println!("secondary after {taken:?}, primary again after {back:?}");
}

#[tokio::test]
async fn targets_are_asked_by_their_provider_strings_and_by_mode() {
    let texts = mixtral().await;
    let vectors = FakeBackend::builder().models(["BAAI/bge-large-en-v1.5"]).start().await;
    let file = pack::modes(&texts.url(), &vectors.url());
    let gateway = run(&file, &["--without-policies"]).start().await;
    let client = gateway.client();
    let completion = "vllm:completion:mistralai/Mixtral-8x7B-v0.1";
    let embedding = "vllm:embedding:BAAI/bge-large-en-v1.5";
    let remote = "vllm:chat:meta-llama/Llama-3.1-70B-Instruct";
    assert_eq!(listed(&client).await, [MIXTRAL_CHAT, completion, embedding, remote]);

    assert_eq!(word_of(&client, MIXTRAL_CHAT).await, "Hello from the fake backend.");
    for name in [completion, MIXTRAL] {
        let body = format!(r#"{{"model":"{name}","prompt":"Once"}}"#);
        let answer = client.post("/v1/completions", body).await;
        assert_eq!(
            (answer.status, text(&answer.json()["model"])),
            (200, name),
            "{}",
            answer.text()
        );
    }
    for name in [embedding, "BAAI/bge-large-en-v1.5"] {
        let body = format!(r#"{{"model":"{name}","input":["one","two"]}}"#);
        let answer = client.post("/v1/embeddings", body).await;
        assert_eq!(
            (answer.status, text(&answer.json()["model"])),
            (200, name),
            "{}",
            answer.text()
        );
    }
    assert_eq!(vectors.last_request().json()["model"], "BAAI/bge-large-en-v1.5");

    let chats = (texts.count(CHAT), vectors.count(CHAT));
    for name in [completion, embedding] {
        let wrong = client.post(CHAT, ask(name)).await;
        let (status, code) = refusal(&wrong);
        assert_eq!(status, 400, "{name}: {code}: {}", wrong.text());
        assert!(wrong.text().contains(name), "{}", wrong.text());
    }
    assert_eq!((texts.count(CHAT), vectors.count(CHAT)), chats, "no server saw them");
    let keyless = client.post(CHAT, ask(remote)).await;
    assert_eq!(refusal(&keyless), (503, "model_misconfigured".to_owned()));
}
