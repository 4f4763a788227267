//! Trap 4: a server whose port is open is not a server that serves.

use std::time::{Duration, Instant};

use transom_testkit::backend::Phase;
use transom_testkit::{Client, FakeBackend, TestGateway};

use crate::support::{
    CHAT, RESPONSES, ask, ask_stream, await_state, gateway, readyz, refusal, response, word_of,
};

/// What is meant by "at once".
const AT_ONCE: Duration = Duration::from_millis(500);

async fn in_front_of(server: &FakeBackend, routing: &str) -> (TestGateway, Client) {
    let native = format!(
        "backends: [{{name: one, url: '{}/v1'}}]\nmodels: [{{name: m, deployments: \
         [{{backend: one, model: tiny}}]}}]\n{routing}",
        server.url()
    );
    let gateway = gateway().config_yaml(native).wait_listening().start().await;
    let client = gateway.client();
    (gateway, client)
}

#[tokio::test]
async fn requests_wait_for_a_model_that_loads_and_are_then_served() {
    for server in [
        FakeBackend::builder().phase(Phase::Loading).start().await,
        FakeBackend::builder().loading().start().await,
    ] {
        let (gateway, client) = in_front_of(&server, "").await;
        await_state(&client, "m", "loading").await;
        assert_eq!(readyz(&client, "").await.0, 503, "a live process is not a model that serves");
        assert_eq!(client.get("/health").await.status, 200);
        let clients: Vec<_> = (0..3).map(|_| gateway.client()).collect();
        let asking = async {
            tokio::join!(
                clients[0].post(CHAT, ask("m")),
                clients[1].post(CHAT, ask_stream("m")),
                clients[2].post(RESPONSES, response("m")),
            )
        };
        let opening = async {
            let waiting = async || client.get("/metrics").await.text();
            let all = "transom_queue_length{model=\"m\"} 3";
            crate::support::eventually("three to wait", async || waiting().await.contains(all))
                .await;
            assert_eq!(server.count(CHAT), 0, "nothing is sent to a server that loads");
            server.enter(Phase::Ready);
            server.listen().await;
        };
        let ((plain, stream, responded), ()) = tokio::join!(asking, opening);
        assert_eq!([plain.status, stream.status, responded.status], [200; 3]);
        assert!(stream.text().ends_with("data: [DONE]\n\n"), "{}", stream.text());
        assert_eq!(readyz(&client, "?model=m").await.0, 200);
        gateway.await_ready().await;
    }
}

#[tokio::test]
async fn a_request_that_waited_long_enough_is_told_that_the_model_is_loading() {
    let server = FakeBackend::builder().phase(Phase::Loading).start().await;
    let (_gateway, client) = in_front_of(&server, "routing: {queue_timeout: 0.3}\n").await;
    let begun = Instant::now();
    let refused = client.post(CHAT, ask("m")).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(refusal(&refused), (503, "model_loading".to_owned()));
    assert!(refused.headers.get("retry-after").is_some());
}

#[tokio::test]
async fn after_the_grace_requests_are_refused_at_once_until_the_server_is_back() {
    let server = FakeBackend::builder().loading().start().await;
    let (_gateway, client) = in_front_of(&server, "routing: {startup_grace: 0.5}\n").await;
    await_state(&client, "m", "unreachable").await;
    for body in [ask("m"), ask_stream("m")] {
        let begun = Instant::now();
        let refused = client.post(CHAT, body).await;
        assert_eq!(refusal(&refused), (503, "model_unavailable".to_owned()));
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        assert!(refused.headers.get("retry-after").is_some());
    }
    assert_eq!(readyz(&client, "").await.0, 503);
    server.listen().await;
    await_state(&client, "m", "ready").await;
    assert_eq!(word_of(&client, "m").await, "Hello from the fake backend.");
}
