//! What operators read. That every answer is as described, and holds no secret, is checked by the
//! support for each of them.

use serde_json::json;

use crate::support::{NOON, World};

#[tokio::test]
async fn the_revision_tells_what_is_in_effect_and_why_nothing_newer_is() {
    let world = World::open();
    let mut expected = json!({
        "revision": 7, "digest": "00ff", "store_revision": 3, "since": NOON, "config": "applied",
        "left_out": ["policy-config.yaml:9 policies"], "restart_needed": ["listen"],
    });
    let answer = world.admin("GET /admin/v1/revision", "").await;
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.headers["x-transom-revision"], "7");

    *world.control.rejected.lock().unwrap() = Some(vec!["transom.yaml:3: no".to_owned()]);
    expected["config"] = json!("rejected");
    expected["rejected"] = json!({"at": NOON, "problems": ["transom.yaml:3: no"]});
    assert_eq!(world.admin("GET /admin/v1/revision", "").await.json(), expected);
}

#[tokio::test]
async fn a_backend_shows_its_state_its_load_and_its_deployments() {
    let world = World::keyed();
    let all = world.admin("GET /admin/v1/backends", "").await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let one = world.admin("GET /admin/v1/backends/node-1", "").await.json();
    assert_eq!(all["data"][0], one);
    let deployment = |model: &str| {
        json!({
            "id": format!("{model}@node-1"), "model": model, "backend": "node-1",
            "state": "ready", "breaker": "closed", "ejected": false, "in_flight": 0,
        })
    };
    assert_eq!(
        one,
        json!({
            "id": "node-1", "url": "http://node-1:8000/v1", "key": "configured",
            "insecure_tls": false, "connect_timeout": 2, "probe": "active", "state": "ready",
            "api_kind": "chat_completions",
            "offer": {"chat_completions": "yes", "responses": "no"},
            "mark": {"state": "auto"},
            "load": {"running": 2, "waiting": 1, "kv_cache": 0.5},
            "served_models": [{"id": "upstream-name", "max_model_len": 4096}],
            "deployments": [deployment("org/chat"), deployment("ranker")],
        })
    );
    let gone = &all["data"][1];
    assert_eq!(gone["key"], "missing: env:NODE_2_KEY");
    assert_eq!(gone["reason"], "connection refused at 10.0.0.2");
    let missing = world.admin("GET /admin/v1/backends/node-9", "").await;
    assert_eq!(missing.error(), (404, "backend_not_found".to_owned(), Some("id".to_owned())));
}

#[tokio::test]
async fn a_model_is_found_by_its_name_slash_or_not_and_shown_as_it_is_declared() {
    let world = World::open();
    let all = world.admin("GET /admin/v1/models", "").await.json();
    let plain = world.admin("GET /admin/v1/models/org/chat", "").await.json();
    let coded = world.admin("GET /admin/v1/models/org%2Fchat", "").await.json();
    assert_eq!((&plain, &plain), (&coded, &all["data"][0]));
    assert_eq!((&plain["source"], &plain["read_only"]), (&json!("file"), &json!(true)));
    let ranker = &all["data"][1];
    assert_eq!(
        *ranker,
        json!({
            "name": "ranker", "object": "model", "source": "admin", "read_only": false,
            "created_at": NOON, "updated_at": NOON,
            "model": {
                "name": "ranker", "strategy": "least_loaded", "fallbacks": [],
                "context_fallbacks": [], "content_fallbacks": [], "hidden": false,
                "expose_upstream_model": false,
                "deployments": [{
                    "backend": "node-1", "id": "ranker@node-1", "model": "upstream-name",
                    "mode": "rerank", "weight": 1, "order": 0, "rpm": 60,
                    "enforce_rate_limits": false, "max_context_tokens": 2048,
                    "request_timeout": 600, "first_chunk_timeout": 300, "stream_timeout": 1800,
                    "idle_timeout": 1.5, "price_input": 0.5, "tags": ["fast"], "trust_name": false,
                }],
            },
            "backends": [{
                "name": "node-1", "url": "http://node-1:8000/v1", "insecure_tls": false,
                "connect_timeout": 2, "probe": "active", "api_kind": "chat_completions",
            }],
            "status": {
                "state": "ready",
                "deployments": [{
                    "id": "ranker@node-1", "model": "ranker", "backend": "node-1",
                    "state": "ready", "breaker": "closed", "ejected": false, "in_flight": 0,
                }],
                "keys": [{"backend": "node-1", "key": "configured"}],
            },
        })
    );
    let missing = world.admin("GET /admin/v1/models/none", "").await;
    assert_eq!(missing.error(), (404, "model_not_found".to_owned(), Some("model".to_owned())));
}

#[tokio::test]
async fn metrics_are_of_this_moment_on_both_listeners() {
    let world = World::keyed();
    for text in
        [world.admin("GET /metrics", "").await.text, world.client("GET /metrics", "").await.text]
    {
        let gone =
            r#"transom_deployment_state{deployment="org/chat@node-2",state="unreachable"} 1"#;
        assert!(text.contains(gone), "{text}");
        assert!(text.contains("transom_config_revision 7"), "{text}");
    }
}
