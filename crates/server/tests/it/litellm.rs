//! Routes in `LiteLLM`'s shapes.

use serde_json::{Value, json};
use transom_engine::control::{Wording, Write};

use crate::support::World;
use crate::support::control::Told;

#[tokio::test]
async fn operators_read_where_models_are_served_and_clients_do_not() {
    let world = World::keyed();
    for path in ["/model/info", "/v1/model/info"] {
        let all = world.admin(&format!("GET {path}"), "").await.json();
        let names = |all: &Value| -> Vec<Value> {
            all["data"].as_array().unwrap().iter().map(|one| one["model_name"].clone()).collect()
        };
        assert_eq!(names(&all), ["org/chat", "org/chat", "ranker", "secret"]);
        assert_eq!(
            all["data"][2],
            json!({
                "model_name": "ranker",
                "litellm_params": {
                    "model": "hosted_vllm/upstream-name", "api_base": "http://node-1:8000/v1",
                    "rpm": 60, "weight": 1, "order": 0, "timeout": 600, "stream_timeout": 300,
                },
                "model_info": {
                    "id": "ranker@node-1", "db_model": true, "mode": "rerank",
                    "max_input_tokens": 2048, "input_cost_per_token": 0.5 / 1e6,
                },
            })
        );
        let seen = world.client(&format!("GET {path}"), "").await;
        assert_eq!(names(&seen.json()), ["org/chat", "org/chat", "ranker"]);
        assert_eq!(seen.json()["data"][2]["litellm_params"], json!({"model": "ranker"}));
        assert!(!seen.text.contains("upstream-name") && !seen.text.contains("8000"), "{seen:?}");
    }
    let one = world.admin("GET /model/info?litellm_model_id=ranker%40node-1", "").await.json();
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    assert_eq!(world.admin("GET /model/info?litellm_model_id=x", "").await.status, 404);
    assert_eq!(world.without_key().client("GET /model/info", "").await.status, 401);
}

#[tokio::test]
async fn health_sorts_deployments_by_what_probes_saw() {
    let world = World::open();
    let report = world.admin("GET /health", "").await.json();
    assert_eq!((&report["healthy_count"], &report["unhealthy_count"]), (&json!(2), &json!(2)));
    let one = world.admin("GET /health?model=org/chat", "").await.json();
    let endpoint = |node: &str, state: &str| {
        json!({
            "model": "hosted_vllm/upstream-name", "model_name": "org/chat",
            "model_id": format!("org/chat@{node}"), "api_base": format!("http://{node}:8000/v1"),
            "state": state,
        })
    };
    let mut gone = endpoint("node-2", "unreachable");
    gone["error"] = json!("connection refused at 10.0.0.2");
    assert_eq!(
        one,
        json!({
            "healthy_endpoints": [endpoint("node-1", "ready")], "healthy_count": 1,
            "unhealthy_endpoints": [gone], "unhealthy_count": 1,
        })
    );
}

#[tokio::test]
async fn deployments_are_added_changed_and_taken_out_by_id() {
    let world = World::keyed();
    let new = r#"{"model_name":"ranker","litellm_params":{"model":"hosted_vllm/r"}}"#;
    let added = world.admin("POST /model/new", new).await.json();
    assert_eq!(
        (&added["model_id"], &added["model_name"]),
        (&json!("ranker@node-1"), &json!("ranker"))
    );
    let change = r#"{"litellm_params":{"rpm":1},"model_info":{"id":"ranker@node-1"}}"#;
    assert_eq!(world.admin("POST /model/update", change).await.status, 200);
    let gone = world.admin("POST /model/delete", r#"{"id":"ranker@node-1"}"#).await.json();
    assert_eq!(gone, json!({"message": "Model: ranker@node-1 deleted successfully"}));
    let (by, wording) = (|| "master".to_owned(), Wording::LiteLlm);
    let ranker = || "ranker".to_owned();
    // What is not said is what it is known by.
    let whole = r#"{"litellm_params":{"api_base":"http://node-1:8000/v1","model":"hosted_vllm/upstream-name","rpm":1},"model_info":{"id":"ranker@node-1"},"model_name":"ranker"}"#;
    assert_eq!(
        world.control.told(),
        [
            Told::Write { by: by(), name: None, json: new.to_owned(), wording, write: Write::Join },
            Told::Write {
                by: by(),
                name: Some(ranker()),
                json: whole.to_owned(),
                wording,
                write: Write::Update
            },
            Told::Remove { by: by(), name: ranker(), deployment: Some("ranker@node-1".to_owned()) },
        ]
    );
}

#[tokio::test]
async fn what_names_no_deployment_is_refused() {
    let world = World::open();
    for (request, body, error) in [
        ("POST /model/update", "{}", (400, "missing_required_parameter", Some("model_info.id"))),
        (
            "POST /model/update",
            r#"{"model_info":{"id":"x"}}"#,
            (404, "model_not_found", Some("model")),
        ),
        ("POST /model/delete", r#"{"id":"x"}"#, (404, "model_not_found", Some("model"))),
        ("POST /model/delete", r#"{"id":"x","all":true}"#, (400, "unknown_parameter", Some("all"))),
        ("POST /model/new", "[", (400, "invalid_json", None)),
    ] {
        let (status, code, param) = error;
        let expected = (status, code.to_owned(), param.map(str::to_owned));
        assert_eq!(world.admin(request, body).await.error(), expected, "{request} {body}");
    }
    assert_eq!(world.control.told(), []);
}
