//! The same fleet out of other systems' files: a killed server costs nobody anything there either.

use std::time::Duration;

use transom_testkit::load::Report;
use transom_testkit::{Client, FakeProcess, Load};

use crate::support::fleet::{ALIAS, Fleet, INNER, LONG, builder};

const MASTER: &str = "sk-master-key-of-the-test";

async fn node(key: &str) -> FakeProcess {
    let builder = FakeProcess::builder().models([INNER]).expect_key(key);
    builder.words(10).pause(Duration::from_millis(2)).start().await
}

/// A load during which each of two servers is killed and comes back.
async fn with_deaths(
    fleet: &Fleet,
    client: Client,
    model: &str,
    nodes: &mut [FakeProcess],
) -> Report {
    let load = Load::chat(client, model).clients(8).for_at_most(LONG).start();
    for node in nodes {
        load.await_more(24).await;
        node.kill_9().await;
        load.await_more(24).await;
        node.restart().await;
        fleet.await_all_ready().await;
    }
    load.finish().await
}

#[tokio::test]
async fn two_servers_of_a_litellm_file() {
    let mut nodes = [node("key-1").await, node("key-2").await];
    let entry = |at: usize| {
        format!(
            "  - model_name: {ALIAS}\n    litellm_params:\n      model: openai/{INNER}\n      \
             api_base: {}/v1\n      api_key: os.environ/BACKEND_0{}_KEY\n",
            nodes[at].url(),
            at + 1
        )
    };
    let config = format!(
        "model_list:\n{}{}litellm_settings:\n  drop_params: true\n  num_retries: 2\n\
         general_settings:\n  master_key: os.environ/LITELLM_MASTER_KEY\n",
        entry(0),
        entry(1)
    );
    let builder = builder().config("config.yaml", config).env("BACKEND_01_KEY", "key-1");
    let builder = builder.env("LITELLM_MASTER_KEY", MASTER).dotenv("BACKEND_02_KEY=key-2\n");
    let bearer = ("authorization", &*format!("Bearer {MASTER}"));
    let fleet = Fleet::built(builder).await.with_header(bearer);
    fleet.await_all_ready().await;
    let client = fleet.gateway.client().header(bearer.0, bearer.1);
    let report = with_deaths(&fleet, client, ALIAS, &mut nodes).await;
    report.assert_unbegun_ones_are_answered();
    assert_eq!(report.models().into_iter().collect::<Vec<_>>(), [ALIAS]);
}

#[tokio::test]
async fn primary_and_secondary_of_a_keeptrusts_file() {
    let mut nodes = [node("key-1").await, node("key-2").await];
    let target = |at: usize, id: &str| {
        format!(
            "    - id: {id}\n      provider: vllm:chat:{INNER}\n      base_url: {}/v1\n      \
             secret_key_ref:\n        env: KEY_{}\n      health_probe: true\n",
            nodes[at].url(),
            at + 1
        )
    };
    let config = format!(
        "pack:\n  name: two\n  version: 1.0.0\n  enabled: true\nproviders:\n  targets:\n{}{}",
        target(0, "vllm-primary"),
        target(1, "vllm-secondary")
    );
    let builder = builder().policy_config("policy-config.yaml", config);
    let fleet = Fleet::built(builder.env("KEY_1", "key-1").env("KEY_2", "key-2")).await;
    fleet.await_all_ready().await;
    let name = format!("vllm:chat:{INNER}");
    // The secondary is for when the primary is away.
    let quiet = Load::chat(fleet.gateway.client(), &name).clients(2).requests(20).run().await;
    quiet.assert_all_whole();
    assert_eq!((nodes[0].requests().await, nodes[1].requests().await), (20, 0));
    let client = fleet.gateway.client();
    let report = with_deaths(&fleet, client, &name, &mut nodes).await;
    report.assert_unbegun_ones_are_answered();
}
