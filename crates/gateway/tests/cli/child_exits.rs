//! The exit code when the model server fails: the table of the reference, and design decision 19.

use transom_testkit::FakeBackend;
use transom_testkit::gateway::Exit;

use crate::support::{CHAT, FakeVllm, IMPATIENT, chat, gateway};

#[tokio::test]
async fn a_child_that_ends_before_it_is_ready_gives_its_code() {
    for (model, code) in [("exit-7", 7), ("exit-0", 1)] {
        let ended = FakeVllm::new().gateway([model]).run().await;
        assert!(ended.has_code(code), "{model}: {ended:?}");
        let said = "[serve] error: vLLM was never ready: it exited with code";
        assert!(ended.stderr.contains(said), "{model}: {ended:?}");
    }
}

#[tokio::test]
async fn a_child_that_never_serves_is_given_up() {
    let vllm = FakeVllm::new();
    let hang = vllm.gateway(["hang"]).arg("--vllm-startup-timeout").arg("0.6");
    let ended = hang.arg("--vllm-ready-interval").arg("0.25").run().await;
    assert!(ended.has_code(1), "{ended:?}");
    assert!(ended.stderr.contains("[serve] error: vLLM was never ready: "), "{ended:?}");
    assert!(ended.stderr.contains("still waiting for vLLM"), "{ended:?}");

    let ended = vllm.gateway(["refuses"]).run().await;
    assert!(ended.has_code(1), "{ended:?}");
    assert!(ended.stderr.contains("set VR_OPENAI_API_KEY"), "{ended:?}");
}

#[tokio::test]
async fn an_upstream_that_never_serves_is_given_up() {
    let backend = FakeBackend::builder().loading().start().await;
    let waiting = gateway().upstream(&backend.url()).arg("--vllm-startup-timeout").arg("0.6");
    let ended = waiting.arg("--vllm-ready-interval").arg("0.2").run().await;
    assert!(ended.has_code(1), "{ended:?}");
    assert!(ended.stderr.contains("was not ready within 0.6 s"), "{ended:?}");
    assert!(ended.stderr.contains("still waiting for the model server"), "{ended:?}");

    let backend = FakeBackend::builder().expect_key("right").lenient().start().await;
    let ended = gateway().upstream(&backend.url()).env("VR_OPENAI_API_KEY", "wrong").run().await;
    assert!(ended.has_code(1), "{ended:?}");
    assert!(ended.stderr.contains("set VR_OPENAI_API_KEY"), "{ended:?}");
    assert!(!ended.stderr.contains("wrong"), "{ended:?}");
}

#[tokio::test]
async fn without_restarts_a_child_that_ends_takes_the_program_along() {
    for (word, code) in [("exit 5", 5), ("exit 0", 1), ("kill", 247)] {
        let vllm = FakeVllm::new();
        let never = vllm.gateway(["tiny"]).arg("--vllm-restart").arg("never");
        let gateway = never.config_yaml(IMPATIENT).start().await;
        gateway.await_ready().await;
        let answer = gateway.client().post(CHAT, chat(word)).await;
        assert!(matches!(answer.status, 502 | 503), "{word}: {}", answer.text());
        assert_eq!(gateway.wait_exit().await, Exit::Code(code), "{word}");
        gateway.await_log("[serve] error: vLLM ended: it ").await;
    }
}
