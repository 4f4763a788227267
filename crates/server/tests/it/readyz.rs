//! Whether requests can be served.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn anybody_reads_states_and_operators_read_why() {
    let world = World::keyed();
    let operator = world.client("GET /readyz", "").await;
    let anybody = world.without_key().client("GET /readyz", "").await;
    assert_eq!((operator.status.as_u16(), anybody.status.as_u16()), (200, 200));
    let expected = json!({
        "status": "ready", "revision": 7, "config": "applied", "store": "ready",
        "left_out": ["policy-config.yaml:9 policies"],
        "model_server": {"state": "ready", "reason": null},
        "models": [
            {"model": "org/chat", "state": "ready"},
            {"model": "ranker", "state": "ready"},
            {"model": "secret", "state": "unreachable"},
        ],
    });
    assert_eq!(anybody.json(), expected);
    assert_eq!(operator.json()["restart_needed"], json!(["listen"]));
    assert_eq!(
        operator.json()["models"][0]["deployments"][1],
        json!({
            "id": "org/chat@node-2", "state": "unreachable", "backend": "node-2",
            "breaker": "closed", "reason": "connection refused at 10.0.0.2",
        })
    );
    let open = World::open().client("GET /readyz", "").await.text;
    assert!(open.contains("connection refused"), "without a key everybody is an operator: {open}");
}

#[tokio::test]
async fn one_model_is_asked_for_by_the_name_that_clients_use() {
    let world = World::open();
    let asked = async |name: &str| {
        let answer = world.client(&format!("GET /readyz?model={name}"), "").await;
        let json = answer.json();
        (answer.status.as_u16(), json["models"][0]["model"].clone(), json["status"].clone())
    };
    assert_eq!(asked("org/chat").await, (200, json!("org/chat"), json!("ready")));
    assert_eq!(asked("gpt").await, (200, json!("gpt"), json!("ready")));
    assert_eq!(asked("secret").await, (503, json!("secret"), json!("not_ready")));
    let server = world.client("GET /readyz?model=secret", "").await.json()["model_server"].clone();
    let reason = "connection refused at 10.0.0.2";
    assert_eq!(server, json!({"state": "unreachable", "reason": reason}));
    let missing = world.client("GET /readyz?model=none", "").await;
    assert_eq!(missing.error(), (404, "model_not_found".to_owned(), Some("model".to_owned())));
}

#[tokio::test]
async fn a_refused_configuration_changes_no_readiness_and_is_told() {
    let world = World::keyed();
    *world.control.rejected.lock().unwrap() = Some(vec!["transom.yaml:3: no".to_owned()]);
    let operator = world.client("GET /readyz", "").await;
    let anybody = world.without_key().client("GET /readyz", "").await;
    assert_eq!((operator.status.as_u16(), anybody.status.as_u16()), (200, 200));
    assert_eq!(operator.json()["config"], "rejected");
    assert_eq!(operator.json()["problems"], json!(["transom.yaml:3: no"]));
    assert_eq!(anybody.json()["config"], "rejected");
    assert_eq!(anybody.json().get("problems"), None);
}

#[tokio::test]
async fn without_its_store_nothing_is_ready_but_everything_is_alive() {
    let world = World::open();
    let ready = world.client("GET /health/readiness", "").await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()),
        (200, json!({"status": "healthy", "db": "connected", "success_callbacks": []}))
    );
    world.store.away.store(true, Ordering::Relaxed);
    let ready = world.client("GET /readyz", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["store"]), (503, &json!("unavailable")));
    for answer in [
        world.client("GET /health/readiness", "").await,
        world.admin("GET /health/readiness", "").await,
    ] {
        let expected =
            json!({"status": "unhealthy", "db": "Not connected", "success_callbacks": []});
        assert_eq!((answer.status.as_u16(), answer.json()), (503, expected));
    }
    for path in ["/health/liveliness", "/health/liveness"] {
        let answer = world.client(&format!("GET {path}"), "").await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, Value::from("I'm alive!")));
    }
    assert_eq!(world.client("GET /health", "").await.text, "{}");
}
