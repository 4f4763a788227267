//! A vLLM of our own: what clients and operators see while it loads, crashes and comes back.

use std::fs;

use crate::support::{
    CHAT, FakeVllm, IMPATIENT, RESPONSES, chat, eventually, refusal, response, text, within,
};
use std::time::Duration;

#[tokio::test]
async fn it_listens_from_the_first_second() {
    let vllm = FakeVllm::new();
    let impatient = vllm.gateway(["tiny", "--load-when", "loaded"]).config_yaml(IMPATIENT);
    let gateway = impatient.start().await;
    let client = gateway.client();
    let alive = client.get("/health").await;
    assert_eq!((alive.status, alive.text().as_str()), (200, "{}"));
    let ready = client.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["model_server"]["state"], "loading");
    for (path, body) in [(CHAT, chat("hi")), (RESPONSES, response("hi"))] {
        let refused = client.post(path, body).await;
        assert_eq!(refusal(&refused), (503, "model_loading".to_owned()), "{path}");
        let wait: u64 =
            refused.headers.get("retry-after").expect("a hint").parse().expect("a number");
        assert!(wait > 0);
    }
    assert!(!gateway.logs().contains("Transom is ready"));

    fs::write(gateway.folder().join("loaded"), "").expect("opening the gate");
    gateway.await_ready().await;
    assert_eq!(client.get("/readyz").await.status, 200);
    assert_eq!(client.post(CHAT, chat("hi")).await.status, 200);
    let answer = client.post(RESPONSES, response("hi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(text(&answer.json()["output"][0]["content"][0]["text"]), "Hello.");
}

#[tokio::test]
async fn its_output_is_prefixed_and_its_arguments_are_completed() {
    let vllm = FakeVllm::new();
    let key = "a-key-of-the-gateway";
    let hidden = vllm.gateway(["tiny", "--dtype", "float32"]).env("VR_API_KEY", key);
    let gateway = hidden.env("VR_OPENAI_API_KEY", "another").env("VR_PORT", "").start().await;
    let arguments = gateway.await_log("vllm| arguments: ").await;
    let port = vllm.port;
    assert_eq!(
        arguments,
        format!("vllm| arguments: serve tiny --dtype float32 --port {port} --host 127.0.0.1")
    );
    let variables = gateway.await_log("vllm| variables:").await;
    assert!(!variables.contains("KEY"), "{variables}");
    gateway.await_ready().await;
    assert!(!gateway.logs().contains(key), "{}", gateway.logs());
}

#[tokio::test]
async fn a_crashed_child_is_restarted_and_waited_for() {
    let vllm = FakeVllm::new();
    let impatient = vllm.gateway(["tiny", "--load-when", "loaded"]).config_yaml(IMPATIENT);
    let gateway = impatient.start().await;
    let (client, gate) = (gateway.client(), gateway.folder().join("loaded"));
    for (word, end) in [("exit 3", "exited with code 3"), ("kill", "was killed by signal 9")] {
        fs::write(&gate, "").expect("opening the gate");
        let answers = async || client.post(CHAT, chat("hi")).await.status == 200;
        eventually("it serves", answers).await;

        fs::remove_file(&gate).expect("closing the gate");
        let cut = client.post(CHAT, chat(word)).await;
        assert!(matches!(cut.status, 502 | 503), "{}", cut.text());
        let loading = async || {
            let refused = client.post(CHAT, chat("hi")).await;
            refused.headers.has("retry-after")
                && refusal(&refused) == (503, "model_loading".to_owned())
        };
        eventually("requests are told to wait", loading).await;
        assert_eq!(client.get("/health").await.status, 200);
        assert_eq!(client.get("/readyz").await.status, 503);
        gateway.await_log(end).await;
    }
    fs::write(&gate, "").expect("opening the gate");
    eventually("it is ready again", async || client.get("/readyz").await.status == 200).await;
}

#[tokio::test]
async fn a_flood_of_output_blocks_nobody() {
    let vllm = FakeVllm::new();
    let gateway = vllm.gateway(["flood"]).start().await;
    gateway.await_log("vllm| flood 0 xxx").await;
    let health = async || gateway.client().get("/health").await.status == 200;
    within(Duration::from_secs(1), "the gateway answers", health).await;
    gateway.await_ready().await;
    assert_eq!(gateway.client().post(CHAT, chat("hi").replace("tiny", "flood")).await.status, 200);
}
