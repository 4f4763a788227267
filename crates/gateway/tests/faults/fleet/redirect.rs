//! Servers that send the gateway elsewhere (A26): it does not go, and its key stays at home.

use transom_testkit::FakeBackend;
use transom_testkit::answer::{chat_text, errors::redirect};

use crate::support::exchange::ROADS;
use crate::support::fleet::{ALIAS, Fleet, INNER, chat_stream, node, refusal, text};
use crate::support::{CHAT, Rig};

const KEY: &str = "sk-of-the-backend";

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// A file with the server that has the key, and the rest of the deployments.
fn file(first: &FakeBackend, others: &str, deployments: &str) -> String {
    format!(
        "backends:\n  - {{name: node-0, url: \"{}/v1\", api_key: {KEY}}}\n{others}models:\n  \
         - name: {ALIAS}\n    deployments:\n      - {{backend: node-0, model: {INNER}}}\n\
         {deployments}routing: {{breaker: false, retry_budget: 1}}\n",
        first.url()
    )
}

async fn guarded() -> FakeBackend {
    FakeBackend::builder().models([INNER]).expect_key(KEY).start().await
}

#[tokio::test]
async fn a_redirect_is_no_answer_and_nobody_is_asked_there() {
    let (first, elsewhere) = (guarded().await, FakeBackend::builder().lenient().start().await);
    let fleet = Fleet::start(&file(&first, "", "")).await;
    for status in STATUSES {
        for place in [format!("{}{CHAT}", elsewhere.url()), "/v1/chat/completions".to_owned()] {
            first.default_answer(redirect(status, &place));
            let bad = (502, "bad_upstream_response".to_owned());
            for road in ROADS {
                assert_eq!(refusal(&fleet.ask_on(road).await), bad, "{status} on {road:?}");
            }
            let streamed = fleet.client.post(CHAT, chat_stream("Hi")).await;
            assert_eq!(refusal(&streamed), bad, "{status}");
        }
    }
    assert!(elsewhere.requests().is_empty());
    assert_eq!(elsewhere.accepted_connections(), 0);
    // Each was one call: a path of the same server is not gone to either.
    assert_eq!(first.count(CHAT), STATUSES.len() * 2 * (ROADS.len() + 1));
}

#[tokio::test]
async fn another_server_answers_instead() {
    let (first, second) = (guarded().await, node().await);
    let elsewhere = FakeBackend::builder().lenient().start().await;
    second.default_answer(chat_text("second"));
    let others = format!("  - {{name: node-1, url: \"{}/v1\"}}\n", second.url());
    let deployments = format!("      - {{backend: node-1, model: {INNER}, order: 1}}\n");
    let fleet = Fleet::start(&file(&first, &others, &deployments)).await;
    for status in STATUSES {
        first.default_answer(redirect(status, &elsewhere.url()));
        assert_eq!(text(&fleet.ask(&status.to_string()).await.0), "second");
    }
    assert!(elsewhere.requests().is_empty());
    // A key is for its own server alone.
    assert!(second.requests().iter().all(|request| !request.headers.has("authorization")));
}

#[tokio::test]
async fn a_list_of_models_that_is_elsewhere_is_not_read_there() {
    let elsewhere = FakeBackend::builder().lenient().start().await;
    let rig = Rig::start("").await;
    rig.backend.route("/v1/models", redirect(307, &format!("{}/v1/models", elsewhere.url())));
    let asked = rig.backend.count("/v1/models");
    rig.backend.await_count("/v1/models", asked + 2).await;
    assert!(elsewhere.requests().is_empty());
}
