//! Answers that belong to others (A30): one connection is one exchange, and nothing is mixed up.

use std::time::Duration;

use transom_testkit::answer::canary::{echo, mark, marks};
use transom_testkit::load::Mix;
use transom_testkit::{FakeBackend, Load};

use crate::support::count;
use crate::support::fleet::{ALIAS, Fleet, LONG, node, shared_by};

#[tokio::test]
async fn two_hundred_streams_at_once_each_get_their_own_words() {
    let nodes = [node().await, node().await, node().await];
    for node in &nodes {
        node.default_answer(echo(5, Duration::from_millis(20)));
    }
    let fleet = Fleet::start(&shared_by(&nodes.each_ref().map(FakeBackend::url))).await;
    let requests = count(400, 20_000);
    let chats =
        Load::chat(fleet.gateway.client(), ALIAS).clients(100).mix(Mix::Streams).for_at_most(LONG);
    let responses = Load::responses(fleet.gateway.client(), ALIAS).clients(100).for_at_most(LONG);
    let (chats, responses) =
        tokio::join!(chats.requests(requests).run(), responses.requests(requests).run());
    chats.assert_all_whole();
    responses.assert_all_whole();
    // While one answers, nothing else is sent on its connection; the fakes watch for it.
    assert!(nodes.iter().all(|node| node.violations().is_empty()));
}

#[tokio::test]
async fn a_server_that_swaps_two_answers_cannot_swap_their_ids() {
    let node = node().await;
    node.default_answer(echo(1, Duration::ZERO));
    let fleet = Fleet::start(&shared_by(&[node.url()])).await;
    // What a server says under another's name is its own lie; the ids of responses are ours.
    node.answer(transom_testkit::answer::chat_text(mark(2)));
    let ask = async |number: usize| {
        let body = format!(r#"{{"model":"{ALIAS}","input":"{}"}}"#, mark(number));
        fleet.client.post("/v1/responses", body).await
    };
    let (first, second) = (ask(1).await, ask(2).await);
    let (one, two) = (first.json(), second.json());
    assert_ne!(one["id"], two["id"]);
    for (answer, object) in [(&first, &one), (&second, &two)] {
        assert!(object["id"].as_str().is_some_and(|id| id.starts_with("resp_")));
        assert!(!answer.text().contains("chatcmpl"), "{}", answer.text());
        assert!(marks(&answer.text()).contains(&mark(2)));
    }
}
