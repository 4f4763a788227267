//! Servers that say what ails them (A18 and others): the error's code, the log and the metrics name
//! it, whether it comes as a status or in the middle of a stream; and a server whose cache is full.

use transom_testkit::answer::errors::{bad_request, error, object};
use transom_testkit::answer::{Answer, chat, chat_text};
use transom_testkit::backend::EngineLoad;

use crate::support::fleet::{Fleet, chat as body, chat_stream, node, refusal, shared_by, text};
use crate::support::{CHAT, count, eventually};

const DEAD: &str = "EngineCore encountered an issue. See stack trace (above) for the root cause.";
const LONG: &str = "This model's maximum context length is 8192 tokens.";
const TEMPLATE: &str = "Jinja Exception: roles must alternate";

/// Words of a server, what the client reads, and what operators count.
fn sayings() -> [(Answer, (u16, &'static str), &'static str); 5] {
    let failed = |message: &str| error(500, message, "InternalServerError", None);
    [
        (failed(DEAD), (503, "upstream_engine_dead"), "engine_dead"),
        (failed("CUDA out of memory"), (503, "upstream_out_of_memory"), "out_of_memory"),
        (bad_request(LONG, None), (400, "context_length_exceeded"), "context_too_long"),
        (bad_request(TEMPLATE, None), (400, "chat_template_error"), "template"),
        (error(503, "Loading model", "unavailable_error", None), (503, "model_loading"), "loading"),
    ]
}

fn counted(symptom: &str) -> String {
    format!("transom_upstream_symptoms_total{{symptom=\"{symptom}\"}}")
}

#[tokio::test]
async fn what_ails_a_server_is_in_the_code_the_log_and_the_metrics() {
    let node = node().await;
    let file = format!("{}routing: {{breaker: false, retries: 0}}\n", shared_by(&[node.url()]));
    let fleet = Fleet::start(&file).await;
    for (answer, (status, code), symptom) in sayings() {
        node.answer(answer);
        let before = fleet.metric(&counted(symptom)).await;
        let refused = fleet.client.post(CHAT, body("Hi")).await;
        assert_eq!(refusal(&refused), (status, code.to_owned()), "{}", refused.text());
        let after = fleet.metric(&counted(symptom)).await;
        assert!((after - before - 1.0).abs() < 0.1, "{symptom}: {before}, then {after}");
        fleet.gateway.await_log(&format!("symptom=\"{symptom}\"")).await;
    }
}

#[tokio::test]
async fn what_a_server_says_in_the_middle_of_a_stream_is_counted_and_the_call_has_failed() {
    let node = node().await;
    let file = format!("{}routing: {{breaker: false, retries: 0}}\n", shared_by(&[node.url()]));
    let fleet = Fleet::start(&file).await;
    fleet.insist_on(0).await;
    let calls = async |outcome: &str| {
        let page = fleet.client.get("/metrics").await.text();
        let line = |line: &&str| {
            line.starts_with("transom_attempts_total{")
                && line.contains(&format!("outcome=\"{outcome}\""))
        };
        let found = page.lines().find(line).and_then(|line| line.rsplit(' ').next());
        found.and_then(|value| value.parse::<f64>().ok()).unwrap_or_default()
    };
    let rounds = count(3, 200);
    for _ in 0..rounds {
        let dies = chat().text("begun").error(object(500, DEAD, "InternalServerError", None));
        node.answer(dies);
        let told = fleet.client.post(CHAT, chat_stream("Hi")).await;
        assert!(told.text().contains("begun") && told.text().contains("error"), "{}", told.text());
    }
    fleet.client.post(CHAT, chat_stream("Hi")).await;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let expected = rounds as f64;
    eventually("the failures to be counted", async || {
        (fleet.metric(&counted("engine_dead")).await - expected).abs() < 0.1
    })
    .await;
    assert_eq!((calls("server").await, calls("ok").await), (expected, 1.0));
    fleet.gateway.await_log("symptom=\"engine_dead\"").await;
}

#[tokio::test]
async fn a_server_whose_cache_is_full_is_passed_over_until_it_has_room() {
    let nodes = [node().await, node().await];
    for (node, name) in nodes.iter().zip(["full", "free"]) {
        node.default_answer(chat_text(name));
    }
    let full = EngineLoad { running: 64, waiting: 3, kv_cache_usage: 0.99 };
    nodes[0].show_load(full);
    let urls = nodes.each_ref().map(transom_testkit::FakeBackend::url);
    let file = format!("{}routing: {{strategy: round_robin}}\n", shared_by(&urls));
    let fleet = Fleet::listening(&file).await;
    fleet.await_state(0, "degraded").await;
    fleet.await_state(1, "ready").await;
    let page = fleet.client.get("/readyz").await.text();
    assert!(page.contains("its KV cache is full (99 %) and 3 requests wait"), "{page}");
    for _ in 0..6 {
        assert_eq!(text(&fleet.ask("Hi").await.0), "free");
    }
    // A full one is better than none.
    nodes[1].kill().await;
    fleet.await_state(1, "loading").await;
    assert_eq!(text(&fleet.ask("Hi").await.0), "full");
    nodes[0].show_load(EngineLoad { running: 1, waiting: 0, kv_cache_usage: 0.2 });
    fleet.await_state(0, "ready").await;
}
