//! Routes other than chat, by what deployments are for, with failover like any other.

use transom_testkit::FakeBackend;
use transom_testkit::answer::errors::internal;

use crate::support::CHAT;
use crate::support::fleet::{Fleet, INNER, backends, node, refusal};

/// A model of each mode, a route that it serves, and a body for that.
const MODES: [(&str, &str, &str); 5] = [
    ("chat", CHAT, r#""messages":[{"role":"user","content":"Hi"}]"#),
    ("completion", "/v1/completions", r#""prompt":"Hi""#),
    ("embedding", "/v1/embeddings", r#""input":["Hi","there"]"#),
    ("rerank", "/v1/rerank", r#""query":"Hi","documents":["a","bcd"],"top_n":1"#),
    ("score", "/v1/score", r#""text_1":"Hi","text_2":["a","bcd"]"#),
];

/// Every mode is a model of its own name on both servers.
fn file(nodes: &[FakeBackend; 2]) -> String {
    let models = MODES.map(|(mode, ..)| {
        let on = |at| format!("{{backend: node-{at}, model: {INNER}, mode: {mode}, order: {at}}}");
        format!("  - {{name: {mode}, deployments: [{}, {}]}}\n", on(0), on(1))
    });
    let backends = backends(&nodes.each_ref().map(FakeBackend::url));
    format!("{backends}models:\n{}routing: {{breaker: false}}\n", models.concat())
}

fn body(model: &str, fields: &str) -> String {
    format!(r#"{{"model":"{model}",{fields}}}"#)
}

#[tokio::test]
async fn every_mode_is_served_on_its_route_and_by_another_server_when_one_fails() {
    let nodes = [node().await, node().await];
    let fleet = Fleet::start(&file(&nodes)).await;
    fleet.insist_on(0).await;
    for (mode, path, fields) in MODES {
        let whole = fleet.client.post(path, body(mode, fields)).await;
        assert_eq!((whole.status, nodes[0].count(path)), (200, 1), "{mode}: {}", whole.text());
        assert_eq!(whole.json()["model"], mode);
        nodes[0].answer(internal());
        let over = fleet.client.post(path, body(mode, fields)).await;
        assert_eq!((over.status, nodes[1].count(path)), (200, 1), "{mode}: {}", over.text());
        // But for the ids it is the same answer, numbers and all.
        let strip = |answer: &transom_testkit::raw::Response| {
            let mut json = answer.json();
            json["id"] = "".into();
            json.to_string()
        };
        assert_eq!(strip(&whole), strip(&over), "{mode}");
    }
    assert_eq!(fleet.metric("transom_retries_total").await.to_string(), MODES.len().to_string());
}

#[tokio::test]
async fn a_model_is_asked_only_for_what_it_is_there_for() {
    let nodes = [node().await, node().await];
    let fleet = Fleet::start(&file(&nodes)).await;
    // vLLM serves completions of chat models, and scores of rerankers and embedders.
    let also = [
        ("chat", "/v1/completions"),
        ("embedding", "/v1/score"),
        ("rerank", "/v1/score"),
        ("score", "/v1/rerank"),
    ];
    for (mode, ..) in MODES {
        for (own, path, fields) in MODES {
            let answer = fleet.client.post(path, body(mode, fields)).await;
            if own == mode || also.contains(&(mode, path)) {
                assert_eq!(answer.status, 200, "{mode} on {path}: {}", answer.text());
            } else {
                let unsupported = (400, "unsupported_model".to_owned());
                assert_eq!(refusal(&answer), unsupported, "{mode} on {path}");
                assert_eq!(answer.json()["error"]["param"], "model");
            }
        }
    }
    let answer = fleet.client.post("/v1/responses", body("embedding", r#""input":"Hi""#)).await;
    assert_eq!(refusal(&answer), (400, "unsupported_model".to_owned()));
}

#[tokio::test]
async fn numbers_pass_through_as_the_server_wrote_them() {
    let nodes = [node().await, node().await];
    let fleet = Fleet::start(&file(&nodes)).await;
    let direct = transom_testkit::Client::new(&nodes[1].url());
    for (mode, path, fields) in MODES {
        let through = fleet.client.post(path, body(mode, fields)).await.text();
        let straight = direct.post(path, body(INNER, fields)).await.text();
        let straight =
            straight.replace(&format!("\"model\":\"{INNER}\""), &format!("\"model\":\"{mode}\""));
        let tail = |text: &str| text[text.find("\"model\"").expect("a model")..].to_owned();
        assert_eq!(tail(&through), tail(&straight), "{mode}");
    }
}
