//! Which server is asked before which: `order` levels, and those that are better of one level.

use transom_testkit::FakeBackend;
use transom_testkit::answer::errors::{bad_request, internal, model_not_found};
use transom_testkit::answer::{chat_text, json};

use crate::support::CHAT;
use crate::support::fleet::{ALIAS, Fleet, INNER, backends, in_order, node, refusal, text};

async fn three() -> [FakeBackend; 3] {
    let nodes = [node().await, node().await, node().await];
    for (node, text) in nodes.iter().zip(["first", "second", "third"]) {
        node.default_answer(chat_text(text));
    }
    nodes
}

async fn asked(fleet: &Fleet, number: usize) -> String {
    text(&fleet.ask(&format!("question {number}")).await.0)
}

#[tokio::test]
async fn a_later_order_is_for_when_those_before_cannot() {
    let nodes = three().await;
    let fleet = Fleet::start(&in_order(&nodes.each_ref().map(FakeBackend::url))).await;
    for number in 0..10 {
        assert_eq!(asked(&fleet, number).await, "first");
    }
    nodes[0].default_answer(internal());
    assert_eq!(asked(&fleet, 10).await, "second");
    nodes[1].default_answer(internal());
    assert_eq!(asked(&fleet, 11).await, "third");
    nodes[0].kill().await;
    nodes[1].kill().await;
    for at in [0, 1] {
        fleet.await_state(at, "loading").await;
    }
    // Those that are away are not waited for while somebody else is there.
    assert_eq!(asked(&fleet, 12).await, "third");
    nodes[0].default_answer(chat_text("first again")).listen().await;
    fleet.await_state(0, "ready").await;
    assert_eq!(asked(&fleet, 13).await, "first again");
}

#[tokio::test]
async fn a_level_is_tried_to_its_end_before_the_next_is_begun() {
    let nodes = three().await;
    let yaml = format!(
        "{}models:\n  - name: {ALIAS}\n    deployments:\n      \
         - {{backend: node-0, model: {INNER}}}\n      - {{backend: node-1, model: {INNER}}}\n      \
         - {{backend: node-2, model: {INNER}, order: 5}}\n\
         routing: {{retries: 1, retry_budget: 1, breaker: false}}\n",
        backends(&nodes.each_ref().map(FakeBackend::url))
    );
    let fleet = Fleet::start(&yaml).await;
    for node in &nodes[..2] {
        node.default_answer(internal());
    }
    // Each costs two retries, which the budget has for these.
    for number in 0..3 {
        assert_eq!(asked(&fleet, number).await, "third");
    }
    assert_eq!(nodes.each_ref().map(|node| node.count(CHAT)), [3, 3, 3]);
}

#[tokio::test]
async fn what_the_request_itself_did_wrong_is_told_at_once_and_asked_of_nobody_else() {
    let nodes = three().await;
    let fleet = Fleet::start(&in_order(&nodes.each_ref().map(FakeBackend::url))).await;
    let message = "top_k must be -1 (disable), or at least 1";
    for _ in 0..8 {
        nodes[0].answer(bad_request(message, Some("top_k")));
        let (answer, _) = fleet.ask("wrong").await;
        assert_eq!(refusal(&answer), (400, "upstream_rejected".to_owned()));
        assert_eq!(answer.json()["error"]["message"], message);
    }
    assert_eq!(nodes[1].count(CHAT) + nodes[2].count(CHAT), 0);
    // Nor does it speak against the server.
    assert_eq!(fleet.standing().await[0].breaker, "closed");
    assert_eq!(asked(&fleet, 0).await, "first");
}

#[tokio::test]
async fn a_server_that_refuses_the_key_or_lost_the_model_is_passed_over() {
    let nodes = three().await;
    let urls = nodes.each_ref().map(FakeBackend::url);
    let fleet = Fleet::start(&format!("{}routing: {{retry_budget: 1}}\n", in_order(&urls))).await;
    fleet.insist_on(0).await;
    let failures = [
        model_not_found(INNER, &["other".to_owned()]),
        json(401, r#"{"error":"Unauthorized"}"#),
        json(200, "null"),
        json(502, "<html>bad gateway</html>"),
    ];
    for failure in failures {
        nodes[0].answer(failure.clone());
        assert_eq!(asked(&fleet, failure.status.into()).await, "second", "{failure:?}");
        assert_eq!(asked(&fleet, 0).await, "first");
    }
}

#[tokio::test]
async fn a_first_server_that_only_fails_is_passed_over_and_no_client_notices() {
    let nodes = three().await;
    let fleet = Fleet::start(&in_order(&nodes.each_ref().map(FakeBackend::url))).await;
    nodes[0].default_answer(internal());
    // More than the budget of retries would cover for so few requests.
    for number in 0..20 {
        assert_eq!(asked(&fleet, number).await, "second");
    }
    assert_eq!(fleet.standing().await[0].state, "degraded");
    assert!(nodes[0].count(CHAT) < 8, "{} calls", nodes[0].count(CHAT));
}
