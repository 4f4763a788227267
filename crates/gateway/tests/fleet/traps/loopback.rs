//! Trap 1: a loopback address inside a container is the container.

use transom_testkit::{FakeBackend, TestGateway};

use crate::support::guide::{self, DOTENV, MASTER};
use crate::support::{gateway, keyed, readyz, text};

/// What a pod has in its environment.
const POD: (&str, &str) = ("KUBERNETES_SERVICE_HOST", "10.96.0.1");

/// The explanation, which names what to write instead.
fn is_the_explanation(told: &str, port: u16) -> bool {
    told.contains("inside a pod this address is the pod itself")
        && told.contains(&format!("http://vllm.my-namespace.svc:{port}/v1"))
}

/// What the admin API says of the server at this address.
async fn admin_reason(gateway: &TestGateway, address: &str) -> String {
    let servers = keyed(gateway.admin().await, MASTER).get("/admin/v1/backends").await.json();
    let servers = servers["data"].as_array().expect("a list").clone();
    let of = |name: &str| servers.iter().find(|server| server["id"] == name).cloned();
    text(&of(address).expect("the server")["reason"]).to_owned()
}

#[tokio::test]
async fn a_loopback_address_in_a_container_is_explained_wherever_an_operator_looks() {
    let absent = FakeBackend::builder().loading().start().await;
    let coder =
        FakeBackend::builder().models(["qwen3-coder-30b"]).expect_key(guide::KEYS[1]).start();
    let coder = coder.await;
    let file = guide::file(&absent.url(), &coder.url());
    let set_up = gateway().config("config.yaml", file).dotenv(DOTENV).env(POD.0, POD.1);
    let (address, port) = (absent.address().to_string(), absent.address().port());

    let gateway = set_up.clone().admin().start().await;
    let line = gateway.await_log("inside a pod").await;
    assert!(is_the_explanation(&line, port) && line.contains(&address), "{line}");
    let reason = admin_reason(&gateway, &address).await;
    assert!(is_the_explanation(&reason, port), "{reason}");
    let operator = readyz(&guide::client(&gateway), "?model=default").await;
    assert_eq!(operator.0, 503);
    assert!(is_the_explanation(text(&operator.1["model_server"]["reason"]), port), "{operator:?}");
    let anybody = gateway.client().get("/readyz?model=default").await;
    assert!(!anybody.text().contains("127.0.0.1"), "{}", anybody.text());

    let check = ["check", "--online", "--config", "config.yaml"];
    let ended = set_up.command_line(check).run().await;
    assert!(ended.has_code(1), "{ended:?}");
    assert!(is_the_explanation(&ended.stdout, port), "{ended:?}");
    assert!(ended.stdout.contains("connection: failed"), "{ended:?}");
}
