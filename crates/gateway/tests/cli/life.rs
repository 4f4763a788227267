//! Signals while nothing is in the way.

use transom_testkit::gateway::Exit;
use transom_testkit::{FakeBackend, RawClient};

use crate::support::{CHAT, FakeVllm, chat, gateway};

#[tokio::test]
async fn a_drained_end_is_a_good_end() {
    let backend = FakeBackend::start().await;
    for stop in [transom_testkit::TestGateway::terminate, transom_testkit::TestGateway::interrupt] {
        let gateway = gateway().upstream(&backend.url()).start().await;
        // A connection that keeps alive does not hold the end up.
        let client = gateway.client();
        assert_eq!(client.post(CHAT, chat("hi")).await.status, 200);
        let address = gateway.url().rsplit('/').next().expect("an address").parse().expect("one");
        let _silent = RawClient::connect(address).await.expect("connecting");
        stop(&gateway);
        assert_eq!(gateway.wait_exit().await, Exit::Code(0));
    }
}

#[tokio::test]
async fn a_hangup_ends_nothing() {
    let backend = FakeBackend::start().await;
    let gateway = gateway().upstream(&backend.url()).start().await;
    gateway.hang_up();
    gateway.await_log("a new configuration is in effect").await;
    assert_eq!(gateway.client().post(CHAT, chat("hi")).await.status, 200);
    gateway.terminate();
    assert_eq!(gateway.wait_exit().await, Exit::Code(0));
}

#[tokio::test]
async fn it_ends_at_once_while_the_model_still_loads() {
    let backend = FakeBackend::builder().loading().start().await;
    let gateway = gateway().upstream(&backend.url()).wait_listening().start().await;
    gateway.terminate();
    assert_eq!(gateway.wait_exit().await, Exit::Code(0));
}

#[tokio::test]
async fn a_child_lives_until_its_requests_are_finished() {
    let vllm = FakeVllm::new();
    let gateway = vllm.gateway(["tiny"]).start().await;
    gateway.await_ready().await;
    let client = gateway.client();
    let ending = async {
        gateway.await_log("in progress").await;
        gateway.terminate();
        gateway.await_log("finishing active requests").await;
        std::fs::write(gateway.folder().join("go"), "").expect("opening the gate");
    };
    let (answer, ()) = tokio::join!(client.post(CHAT, chat("wait go")), ending);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(gateway.wait_exit().await, Exit::Code(0));
}
