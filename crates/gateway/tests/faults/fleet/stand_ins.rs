//! Models that take over for others: `fallbacks`, also of models that are dead.

use std::time::Duration;

use transom_testkit::FakeBackend;
use transom_testkit::answer::chat_text;
use transom_testkit::answer::errors::{bad_request, context_too_long, error, internal};

use crate::support::CHAT;
use crate::support::exchange::ROADS;
use crate::support::fleet::{ALIAS, Fleet, INNER, backends, node, refusal, text};

/// The model under test on node-0, `spare` on node-1, `long` on node-2.
fn file(nodes: &[FakeBackend], fallbacks: &str, more: &str) -> String {
    let urls: Vec<_> = nodes.iter().map(FakeBackend::url).collect();
    format!(
        "{}models:\n  - name: {ALIAS}\n{fallbacks}    \
         deployments: [{{backend: node-0, model: {INNER}}}]\n  \
         - {{name: spare, deployments: [{{backend: node-1, model: {INNER}}}]}}\n  \
         - {{name: long, deployments: [{{backend: node-2, model: {INNER}}}]}}\n{more}",
        backends(&urls)
    )
}

async fn three() -> [FakeBackend; 3] {
    let nodes = [node().await, node().await, node().await];
    for (node, text) in nodes.iter().zip(["itself", "spare", "long"]) {
        node.default_answer(chat_text(text));
    }
    nodes
}

const BOTH: &str = "    fallbacks: [spare]\n    context_fallbacks: [long]\n";

#[tokio::test]
async fn a_model_that_refuses_the_content_is_stood_in_for_where_that_is_wanted() {
    let refusal_of_content =
        || error(400, "The content is refused.", "content_policy_violation", None);
    let content = "    content_fallbacks: [spare]\n    fallbacks: [long]\n";
    for (fallbacks, expected) in [(content, Some("spare")), (BOTH, None)] {
        let nodes = three().await;
        nodes[0].default_answer(refusal_of_content());
        let fleet = Fleet::start(&file(&nodes, fallbacks, "")).await;
        for road in ROADS {
            let answer = fleet.ask_on(road).await;
            match expected {
                Some(word) => assert!(answer.text().contains(word), "{road:?}: {}", answer.text()),
                None => assert!(
                    answer.text().contains("content_policy_violation"),
                    "{road:?}: {}",
                    answer.text()
                ),
            }
        }
        let spare = if expected.is_some() { ROADS.len() } else { 0 };
        assert_eq!((nodes[1].count(CHAT), nodes[2].count(CHAT)), (spare, 0));
    }
}

#[tokio::test]
async fn a_model_whose_server_fails_is_stood_in_for_under_its_own_name() {
    let nodes = three().await;
    let fleet = Fleet::start(&file(&nodes, BOTH, "routing: {breaker: false}\n")).await;
    assert_eq!(text(&fleet.ask("well").await.0), "itself");
    nodes[0].default_answer(internal());
    for road in ROADS {
        let answer = fleet.ask_on(road).await;
        assert_eq!(answer.status, 200, "{road:?}: {}", answer.text());
        assert!(answer.text().contains("spare"), "{road:?}: {}", answer.text());
        assert!(answer.text().contains(&format!("\"model\":\"{ALIAS}\"")), "{}", answer.text());
    }
    let line = format!("transom_fallbacks_total{{model=\"{ALIAS}\",to=\"spare\"}}");
    assert_eq!(fleet.metric(&line).await.to_string(), "3");
}

#[tokio::test]
async fn a_dead_model_is_not_waited_for_where_another_stands_in() {
    let nodes = three().await;
    nodes[0].kill().await;
    let fleet = Fleet::listening(&file(&nodes, BOTH, "")).await;
    let ready = async || fleet.client.get("/readyz?model=spare").await.status == 200;
    crate::support::eventually("the spare to be ready", ready).await;
    let (answer, took) = fleet.ask("dead").await;
    assert_eq!(text(&answer), "spare");
    assert!(took < Duration::from_secs(1), "{took:?}");
    // With the spare dead as well the model that was asked for is what the client reads about.
    nodes[1].default_answer(internal());
    nodes[0].default_answer(chat_text("back"));
    let (answer, ()) = tokio::join!(fleet.ask("wait"), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        nodes[0].listen().await;
    });
    assert!(!answer.0.text().contains("spare"), "{}", answer.0.text());
}

#[tokio::test]
async fn what_is_too_long_goes_to_the_longer_model_and_what_is_wrong_to_none() {
    let nodes = three().await;
    let fleet = Fleet::start(&file(&nodes, BOTH, "")).await;
    nodes[0].answer(context_too_long(8, 9));
    assert_eq!(text(&fleet.ask("long").await.0), "long");
    nodes[0].answer(bad_request("no", None));
    let (answer, _) = fleet.ask("wrong").await;
    assert_eq!(refusal(&answer), (400, "upstream_rejected".to_owned()));
    assert_eq!(nodes[1].count(CHAT), 0);
    // Without a longer model the client reads the server's own words.
    let alone = Fleet::start(&file(&nodes, "    fallbacks: [spare]\n", "")).await;
    nodes[0].answer(context_too_long(8, 9));
    let (answer, _) = alone.ask("long").await;
    assert_eq!(refusal(&answer), (400, "context_length_exceeded".to_owned()));
}

#[tokio::test]
async fn the_usual_stand_in_is_for_models_that_name_none_and_a_circle_has_an_end() {
    let nodes = three().await;
    let yaml = file(&nodes, "", "routing: {default_fallbacks: [spare, long], breaker: false}\n");
    let fleet = Fleet::start(&yaml).await;
    nodes[0].default_answer(internal());
    assert_eq!(text(&fleet.ask("one").await.0), "spare");
    nodes[1].default_answer(internal());
    assert_eq!(text(&fleet.ask("two").await.0), "long");
    nodes[2].default_answer(internal());
    let before: Vec<_> = nodes.iter().map(|node| node.count(CHAT)).collect();
    let (answer, _) = fleet.ask("three").await;
    assert!(answer.status >= 500, "{}", answer.text());
    let calls = nodes.iter().zip(before).map(|(node, before)| node.count(CHAT) - before);
    assert_eq!(calls.collect::<Vec<_>>(), [1, 1, 1]);
}
