//! An upstream that someone else runs: absent at first, gone for a while.

use std::time::{Duration, Instant};

use transom_testkit::FakeBackend;

use crate::support::{CHAT, IMPATIENT, RESPONSES, chat, eventually, gateway, refusal, response};

#[tokio::test]
async fn an_upstream_that_is_not_there_yet_is_waited_for() {
    let backend = FakeBackend::builder().loading().start().await;
    let impatient = gateway().upstream(&backend.url()).config_yaml(IMPATIENT);
    let gateway = impatient.wait_listening().start().await;
    let client = gateway.client();
    let alive = client.get("/health").await;
    assert_eq!((alive.status, alive.text().as_str()), (200, "{}"));
    assert_eq!(client.get("/readyz").await.json()["model_server"]["state"], "loading");
    for (path, body) in [(CHAT, chat("hi")), (RESPONSES, response("hi"))] {
        let refused = client.post(path, body).await;
        assert_eq!(refusal(&refused), (503, "model_loading".to_owned()), "{path}");
        assert!(refused.headers.has("retry-after"), "{path}");
    }
    backend.listen().await;
    gateway.await_ready().await;
    assert_eq!(client.get("/readyz").await.status, 200);
    assert_eq!(client.post(RESPONSES, response("hi")).await.status, 200);
}

#[tokio::test]
async fn an_upstream_that_goes_away_is_told_quickly_and_found_again() {
    let backend = FakeBackend::start().await;
    let routing = "routing: {queue_timeout: 0.1, startup_grace: 0.5}\n";
    let gateway = gateway().upstream(&backend.url()).config_yaml(routing).start().await;
    let client = gateway.client();
    assert_eq!(client.post(CHAT, chat("hi")).await.status, 200);
    backend.kill().await;
    let gone = Instant::now();
    // The first request may still have found a connection, which then broke.
    let first = client.post(CHAT, chat("hi")).await;
    assert!(matches!(first.status, 502 | 503), "{}", first.text());
    for (path, body) in [(CHAT, chat("hi")), (RESPONSES, response("hi")), (CHAT, chat("hi"))] {
        let refused = client.post(path, body).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(refused.headers.has("retry-after"), "{path}");
    }
    assert!(gone.elapsed() < Duration::from_secs(1), "{:?}", gone.elapsed());
    // One lost connection is not a lost server: a few probes and the grace decide.
    let state = async || client.get("/readyz").await.json()["model_server"]["state"].clone();
    eventually("it is given up", async || state().await == "unreachable").await;
    assert_eq!(client.get("/readyz").await.status, 503);
    backend.listen().await;
    let serves = async || client.post(RESPONSES, response("hi")).await.status == 200;
    eventually("it serves again", serves).await;
    assert_eq!(client.get("/readyz").await.status, 200);
}
