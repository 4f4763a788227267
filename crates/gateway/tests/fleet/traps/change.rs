//! Trap 3: a change of a key, a name or an address that does not take effect.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use transom_testkit::{Client, FakeBackend, PATIENCE, TestGateway};

use crate::support::guide::{self, DOTENV, KEYS, SERVED, Servers};
use crate::support::{CHAT, SOON, ask, keyed, listed, word_of};

/// How many gateways share one file and one database.
const GATEWAYS: usize = 3;

/// Between two questions.
const GLANCE: Duration = Duration::from_millis(10);

/// From now until this gateway answers for this model.
async fn until_answered(client: &Client, model: &str) -> Duration {
    let begun = Instant::now();
    while client.post(CHAT, ask(model)).await.status != 200 {
        assert!(begun.elapsed() < PATIENCE, "{model} is never answered");
        tokio::time::sleep(GLANCE).await;
    }
    begun.elapsed()
}

/// Fails when one of the gateways does not answer for the model soon, counted from now.
async fn assert_soon_answered(what: &str, clients: &[Client], model: &str) {
    let took = join_all(clients.iter().map(|client| until_answered(client, model))).await;
    println!("{what}: {took:.0?}");
    assert!(took.iter().all(|took| *took < SOON), "{what}: {took:?}");
}

async fn three(servers: &Servers) -> (Vec<TestGateway>, Vec<Client>) {
    let gateways = servers.gateway().admin().start_several(GATEWAYS).await;
    let clients: Vec<_> = gateways.iter().map(guide::client).collect();
    for client in &clients {
        for model in ["default", "coder"] {
            assert_eq!(word_of(client, model).await, "Hello from the fake backend.");
        }
    }
    (gateways, clients)
}

#[tokio::test]
async fn edited_files_take_effect_on_three_gateways_within_a_second() {
    let servers = Servers::start().await;
    let (gateways, clients) = three(&servers).await;
    let files = gateways[0].files();

    servers.general.change_key("sk-rotated");
    files.replace(".env", &DOTENV.replace(KEYS[0], "sk-rotated"));
    assert_soon_answered("a rotated key", &clients, "default").await;

    servers.general.serve(["gpt-oss-121b"]);
    let renamed = servers.file().replace(SERVED[0], "gpt-oss-121b");
    files.write("config.yaml", &renamed);
    assert_soon_answered("a renamed model", &clients, "default").await;
    assert_eq!(servers.general.last_request().json()["model"], "gpt-oss-121b");

    let elsewhere = FakeBackend::builder().models([SERVED[1]]).expect_key(KEYS[1]).start().await;
    servers.coder.kill().await;
    let moved = renamed.replace(&servers.coder.url(), &elsewhere.url());
    files.replace("config.yaml", &moved);
    assert_soon_answered("a moved server", &clients, "coder").await;
    assert_eq!(elsewhere.count(CHAT), GATEWAYS);

    files.replace("config.yaml", &moved.replace("model_name: coder", "model_name: builder"));
    assert_soon_answered("a renamed alias", &clients, "builder").await;
    for client in &clients {
        assert_eq!(listed(client).await, ["default", "builder"]);
    }
}

#[tokio::test]
async fn a_model_written_at_one_gateway_takes_effect_on_three_within_a_second() {
    let servers = Servers::start().await;
    let (gateways, clients) = three(&servers).await;
    let first = FakeBackend::builder().models(["qwen3-8b"]).expect_key("sk-first").start().await;
    let admin = keyed(gateways[1].admin().await, guide::MASTER);

    let server = |url: &str, key: &str| {
        format!(r#"{{"name":"small-1","url":"{url}/v1","api_key":"{key}"}}"#)
    };
    let model = |name: &str, server: &str| {
        format!(
            r#"{{"model":{{"name":"small","deployments":[{{"backend":"small-1","model":"{name}"}}]}},"backends":[{server}]}}"#
        )
    };
    let written =
        admin.post("/admin/v1/models", model("qwen3-8b", &server(&first.url(), "sk-first"))).await;
    assert_eq!(written.status, 201, "{}", written.text());
    assert_soon_answered("a new model", &clients, "small").await;

    let patch = async |body: String| {
        let answer = admin.request("PATCH", "/admin/v1/models/small", &[], Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    first.change_key("sk-second");
    patch(format!(r#"{{"model":{{}},"backends":[{}]}}"#, server(&first.url(), "sk-second"))).await;
    assert_soon_answered("a rotated key", &clients, "small").await;

    first.serve(["qwen3-14b"]);
    patch(r#"{"model":{"deployments":[{"backend":"small-1","model":"qwen3-14b"}]}}"#.to_owned())
        .await;
    assert_soon_answered("a renamed model", &clients, "small").await;
    assert_eq!(first.last_request().json()["model"], "qwen3-14b");

    let second = FakeBackend::builder().models(["qwen3-14b"]).expect_key("sk-second").start().await;
    first.kill().await;
    patch(format!(r#"{{"model":{{}},"backends":[{}]}}"#, server(&second.url(), "sk-second"))).await;
    assert_soon_answered("a moved server", &clients, "small").await;
    assert_eq!(second.count(CHAT), GATEWAYS);
}
