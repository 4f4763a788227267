//! The state of a server, as its own behaviour, requests, operators and supervisors make it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::backend::{
    ApiKind, BackendKey, BackendSpec, BackendState, Has, Load, Offer, ProbeStyle,
};
use transom_core::port::upstream::Upstream as _;
use transom_core::upstream_error::UpstreamError;
use transom_testkit::FakeBackend;
use transom_testkit::answer::{Answer, body_of, json};
use transom_upstream::Settings;
use transom_upstream::explain::Surroundings;
use transom_upstream::health::{Child, Override};
use transom_upstream::probe::CALM_INTERVAL;

use crate::support::{
    ask, key, probed, settings, settings_with_grace, soon, spec, until, until_reason,
};

#[tokio::test]
async fn a_server_is_loading_until_it_serves_and_again_when_it_dies() {
    let server = FakeBackend::builder().loading().start().await;
    let page = "vllm:num_requests_running 3\nvllm:num_requests_waiting 1\n\
        vllm:kv_cache_usage_perc 0.5\n";
    server.route("/metrics", body_of(200, "text/plain", page));
    let (_backends, backend) = probed(&spec(&server.url()), &settings());
    let reason = until_reason(&backend, "loading", "nothing listens").await;
    assert!(reason.contains("Application startup complete"), "{reason}");
    assert!(backend.served().is_empty());
    server.listen().await;
    until(&backend, "ready").await;
    assert_eq!(backend.served()[0].id.as_ref(), "tiny");
    soon("the load", async {
        while backend.load().is_none() {
            backend.doubt();
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(backend.load(), Some(Load { running: 3, waiting: 1, kv_cache: 0.5 }));
    server.kill().await;
    // A request finds out before the next probe is due, and the closed port settles it.
    let begun = Instant::now();
    ask(&backend).await.unwrap_err();
    until(&backend, "loading").await;
    assert!(begun.elapsed() < CALM_INTERVAL / 2, "{:?}", begun.elapsed());
    assert_eq!(backend.load(), None);
    server.listen().await;
    until(&backend, "ready").await;
}

#[tokio::test]
async fn after_the_grace_a_closed_port_is_unreachable() {
    let server = FakeBackend::builder().loading().start().await;
    let (_backends, backend) = probed(&spec(&server.url()), &settings_with_grace(Duration::ZERO));
    until_reason(&backend, "unreachable", "nothing listens").await;
    server.listen().await;
    until(&backend, "ready").await;
}

#[tokio::test]
async fn localhost_in_a_container_is_explained_in_the_state() {
    let server = FakeBackend::builder().loading().start().await;
    let settings = Settings { surroundings: Surroundings::Docker, ..settings() };
    let (_backends, backend) = probed(&spec(&server.url()), &settings);
    let reason = until_reason(&backend, "loading", "the container itself").await;
    let port = server.address().port();
    assert!(reason.contains(&format!("http://host.docker.internal:{port}/v1")), "{reason}");
}

#[tokio::test]
async fn listing_models_is_not_enough_to_be_ready() {
    let server = FakeBackend::start().await;
    server.route("/health", Answer::empty(503));
    let (_backends, backend) = probed(&spec(&server.url()), &settings());
    until_reason(&backend, "loading", "GET /health answered 503").await;
    server.reset_route("/health");
    until(&backend, "ready").await;
    server.route("/v1/models", body_of(200, "text/html", "<html>Welcome</html>"));
    backend.doubt();
    until_reason(&backend, "loading", "not with a list of models").await;
    // A server without a list is ready when its health page says so.
    server.route("/v1/models", json(404, "{}"));
    until(&backend, "ready").await;
    server.route("/health", Answer::empty(404));
    backend.doubt();
    until_reason(&backend, "loading", "ends in /v1").await;
}

#[tokio::test]
async fn a_wrong_key_is_said_and_a_missing_one_is_never_tried() {
    let server = FakeBackend::builder().expect_key("right").start().await;
    let wrong = BackendSpec { key: key("wrong"), ..spec(&server.url()) };
    let (_wrong, backend) = probed(&wrong, &settings());
    until_reason(&backend, "misconfigured", "to the key it expects").await;

    let lonely = FakeBackend::start().await;
    let why: Arc<str> = "the variable BACKEND_01_KEY is not set (c.yaml:4)".into();
    let missing = BackendSpec { key: BackendKey::Missing(why.clone()), ..spec(&lonely.url()) };
    let (_missing, backend) = probed(&missing, &settings());
    assert_eq!(backend.state(), BackendState::Misconfigured { reason: why });
    assert!(ask(&backend).await.is_err());
    // Not even an operator can have it called without its key.
    backend.set_override(Override::Healthy { until: None });
    assert_eq!(backend.state().word(), "misconfigured");
    assert_eq!(lonely.accepted_connections(), 0);
}

#[tokio::test]
async fn a_passive_server_is_asked_again_only_when_it_is_doubted() {
    let server = FakeBackend::start().await;
    server.route("/v1/models", json(404, "{}"));
    let passive = BackendSpec { probe: ProbeStyle::Passive, ..spec(&server.url()) };
    let (_backends, backend) = probed(&passive, &settings());
    // Any answer is one: hosted servers need not have a list.
    until(&backend, "ready").await;
    assert_eq!(server.requests().len(), 1);
    server.route("/v1/models", json(401, "{}"));
    assert_eq!(backend.state(), BackendState::Ready);
    backend.observe(Err(&UpstreamError::Truncated { detail: "cut".to_owned() }));
    until(&backend, "misconfigured").await;
}

#[tokio::test]
async fn a_passive_server_s_list_is_read_again_and_says_nothing_of_its_state() {
    let server = FakeBackend::builder().models(["old"]).start().await;
    let passive = BackendSpec { probe: ProbeStyle::Passive, ..spec(&server.url()) };
    let settings = Settings { relist: Duration::from_millis(60), ..settings() };
    let (_backends, backend) = probed(&passive, &settings);
    until(&backend, "ready").await;
    let names = async |name: &str| {
        while backend.served().iter().all(|served| served.id.as_ref() != name) {
            backend.changed().await;
        }
    };
    server.serve(["new"]);
    soon("the new name", names("new")).await;
    let asked = server.requests().len();
    server.route("/v1/models", json(401, "{}"));
    soon("two more questions", async {
        while server.requests().len() < asked + 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(backend.state(), BackendState::Ready);
    assert_eq!(backend.served()[0].id.as_ref(), "new");
}

#[tokio::test]
async fn a_passive_server_whose_names_are_doubted_is_asked_at_once() {
    let server = FakeBackend::builder().models(["old"]).start().await;
    let passive = BackendSpec { probe: ProbeStyle::Passive, ..spec(&server.url()) };
    let (_backends, backend) = probed(&passive, &settings());
    until(&backend, "ready").await;
    server.serve(["new"]);
    let changed = backend.changed();
    backend.doubt_names();
    soon("the new name", changed).await;
    assert_eq!(backend.served()[0].id.as_ref(), "new");
}

#[tokio::test]
async fn answers_that_break_degrade_and_wake_those_who_wait() {
    let server = FakeBackend::start().await;
    let (_backends, backend) = probed(&spec(&server.url()), &settings());
    until(&backend, "ready").await;
    let cut = UpstreamError::Truncated { detail: "cut".to_owned() };
    backend.observe(Err(&cut));
    backend.observe(Err(&cut));
    let changed = backend.changed();
    // What the client did wrong does not count.
    backend.observe(Err(&UpstreamError::TooLarge { limit: 1 }));
    assert_eq!(backend.state(), BackendState::Ready);
    backend.observe(Err(&cut));
    soon("the waiter", changed).await;
    let reason = until(&backend, "degraded").await;
    assert!(reason.starts_with("3 of the last 3 answers broke: "), "{reason}");
}

#[tokio::test]
async fn an_operator_drains_until_the_time_is_over() {
    let server = FakeBackend::start().await;
    let (_backends, backend) = probed(&spec(&server.url()), &settings());
    until(&backend, "ready").await;
    let now = tokio::time::Instant::now().into_std();
    let until_then = Some(now + Duration::from_millis(150));
    let reason = Arc::from("new driver");
    backend.set_override(Override::Draining { reason, until: until_then });
    assert_eq!(backend.state().reason(), Some("new driver"));
    until(&backend, "ready").await;
    // By the end of the time, not by the next probe.
    assert!(now.elapsed() < CALM_INTERVAL / 2, "{:?}", now.elapsed());
}

#[tokio::test]
async fn a_supervisor_s_word_counts_more_than_an_answer() {
    let server = FakeBackend::start().await;
    let (_backends, backend) = probed(&spec(&server.url()), &settings());
    until(&backend, "ready").await;
    backend.set_child(Child::Starting { reason: Arc::from("attempt 2") });
    assert_eq!(backend.state().reason(), Some("attempt 2"));
    backend.doubt();
    backend.set_child(Child::Up);
    assert_eq!(backend.state(), BackendState::Ready);
}

fn native(url: &str) -> BackendSpec {
    BackendSpec { api_kind: ApiKind::Responses, ..spec(url) }
}

#[tokio::test]
async fn a_server_that_lacks_its_route_is_misconfigured_until_one_comes_that_has_it() {
    const RESPONSES: &str = "/v1/responses";
    let server = FakeBackend::builder().without_route(RESPONSES).start().await;
    let (_backends, backend) = probed(&native(&server.url()), &settings());
    until_reason(&backend, "misconfigured", "has no /v1/responses").await;
    assert_eq!(backend.offer(), Offer { chat_completions: Has::Yes, responses: Has::No });
    // Its list of routes is long: it is not read again and again.
    assert_eq!(server.count("/openapi.json"), 1);
    server.kill().await;
    until(&backend, "loading").await;
    server.with_route(RESPONSES).listen().await;
    until(&backend, "ready").await;
    assert_eq!(backend.offer(), Offer { chat_completions: Has::Yes, responses: Has::Yes });
    assert_eq!(server.count("/openapi.json"), 2);
}

#[tokio::test]
async fn routes_are_told_by_405_where_nothing_lists_them_and_by_nothing_where_all_is_404() {
    let server = FakeBackend::builder().without_route("/openapi.json").start().await;
    server.without_route("/v1/responses");
    let (_backends, backend) = probed(&spec(&server.url()), &settings());
    until(&backend, "ready").await;
    assert_eq!(backend.offer(), Offer { chat_completions: Has::Yes, responses: Has::No });

    // Not every server tells the methods of a route apart.
    let silent = FakeBackend::builder().without_route("/openapi.json").start().await;
    for route in ["/v1/responses", "/v1/chat/completions"] {
        silent.route(route, json(404, "{}"));
    }
    let (_silent, backend) = probed(&native(&silent.url()), &settings());
    until(&backend, "ready").await;
    assert_eq!(backend.offer(), Offer::default());
}

#[tokio::test]
async fn a_huge_list_of_routes_is_not_read_to_its_end() {
    let server = FakeBackend::start().await;
    let huge =
        format!(r#"{{"paths":{{"/v1/models":{{"get":{{"x":"{}"}}}}}}}}"#, "x".repeat(5 << 20));
    server.route("/openapi.json", json(200, huge));
    let (_backends, backend) = probed(&native(&server.url()), &settings());
    until(&backend, "ready").await;
    assert_eq!(backend.offer(), Offer { chat_completions: Has::Yes, responses: Has::Yes });
}
