//! Trap 2: the server does not serve the name that the configuration sends.

use transom_testkit::FakeBackend;

use crate::support::guide::{self, Servers};
use crate::support::{
    CHAT, RESPONSES, ask, ask_stream, await_state, gateway, keyed, refusal, response, text, word_of,
};

#[tokio::test]
async fn a_name_that_is_not_served_is_explained_with_the_nearest_ones_to_operators_only() {
    let servers = Servers::start().await;
    servers.general.serve(["gpt-oss-120b-fp8", "whisper"]);
    let gateway = servers.gateway().admin().start().await;
    let client = guide::client(&gateway);
    await_state(&client, "default", "misconfigured").await;

    let refused = client.post(CHAT, ask("default")).await;
    assert_eq!(refusal(&refused), (503, "model_misconfigured".to_owned()));
    let message = text(&refused.json()["error"]["message"]).to_owned();
    assert!(message.contains("'default'"), "{message}");
    assert!(
        message.contains("gpt-oss-120b-fp8, whisper"),
        "the master key reads what is served: {message}"
    );
    for (road, body) in [(CHAT, ask_stream("default")), (RESPONSES, response("default"))] {
        assert_eq!(
            refusal(&client.post(road, body).await),
            (503, "model_misconfigured".to_owned())
        );
    }
    assert_eq!(servers.general.count(CHAT), 0, "a request that must fail is not sent");

    let advice =
        "does not know the name \"gpt-oss-120b\"; it serves \"gpt-oss-120b-fp8\", \"whisper\"";
    let admin = keyed(gateway.admin().await, guide::MASTER);
    let seen = admin.get("/admin/v1/models/default").await.json();
    assert!(text(&seen["status"]["reason"]).contains(advice), "{seen}");
    let check = servers.gateway().command_line(["check", "--online", "--config", "config.yaml"]);
    let ended = check.run().await;
    assert!(ended.has_code(1) && ended.stdout.contains(advice), "{ended:?}");
    assert!(ended.stdout.contains("model default: "), "{ended:?}");

    assert_eq!(word_of(&client, "coder").await, "Hello from the fake backend.");
    servers.general.serve(["gpt-oss-120b"]);
    await_state(&client, "default", "ready").await;
    assert_eq!(word_of(&client, "default").await, "Hello from the fake backend.");
    gateway.await_log("start vLLM with `--served-model-name gpt-oss-120b`").await;
}

#[tokio::test]
async fn a_server_that_takes_any_name_is_used_when_the_operator_says_so() {
    let server = FakeBackend::builder().models(["model.gguf"]).any_model().start().await;
    let native = format!(
        "backends: [{{name: one, url: '{}/v1'}}]\nmodels:\n  - name: strict\n    deployments: \
         [{{backend: one, model: other}}]\n  - name: trusting\n    deployments: \
         [{{backend: one, model: other, trust_name: true}}]\n",
        server.url()
    );
    let gateway = gateway().config_yaml(native).start().await;
    let client = gateway.client();
    assert_eq!(word_of(&client, "trusting").await, "Hello from the fake backend.");
    let refused = client.post(CHAT, ask("strict")).await;
    assert_eq!(refusal(&refused), (503, "model_misconfigured".to_owned()));
}
