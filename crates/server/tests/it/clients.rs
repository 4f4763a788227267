//! Routes for clients.

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn every_spelling_of_rerank_and_score_reaches_the_same_route_of_the_server() {
    let world = World::keyed();
    let body = r#"{"model":"ranker","query":"q","documents":["d"],"text_1":"a","text_2":"b"}"#;
    for (path, route) in [
        ("/v1/rerank", "/v1/rerank"),
        ("/rerank", "/v1/rerank"),
        ("/v2/rerank", "/v1/rerank"),
        ("/v1/score", "/v1/score"),
        ("/score", "/v1/score"),
    ] {
        let answer = world.client(&format!("POST {path}"), body).await;
        assert_eq!(answer.json()["route"], route, "{answer:?}");
        assert_eq!(answer.json()["got"]["model"], "upstream-name");
    }
}

#[tokio::test]
async fn the_admin_api_is_not_on_the_listener_for_clients() {
    let world = World::keyed();
    for path in ["/admin/v1/revision", "/admin/v1/backends", "/admin/v1/openapi.json"] {
        let answer = world.client(&format!("GET {path}"), "").await;
        assert_eq!(answer.error().1, "route_not_found", "{path}");
    }
    for path in ["/model/new", "/model/update", "/model/delete"] {
        assert_eq!(world.client(&format!("POST {path}"), "{}").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_priority_that_is_none_is_refused_by_the_name_of_its_header() {
    let world = World::keyed();
    let header = ("x-transom-priority", "urgent");
    let answer = world.client_with("POST /v1/chat/completions", header).await;
    let param = Some("x-transom-priority".to_owned());
    assert_eq!(answer.error(), (400, "invalid_value".to_owned(), param));
    let world = world.without_key();
    let stranger = world.client_with("POST /v1/chat/completions", header).await;
    assert_eq!(stranger.status, 401, "strangers are told nothing else");
}

#[tokio::test]
async fn every_answer_names_the_configuration_that_was_in_effect() {
    let world = World::open();
    for request in ["GET /health", "GET /v1/models", "GET /none", "POST /v1/responses"] {
        let answer = world.client(request, "{").await;
        assert_eq!(answer.headers["x-transom-revision"], "7", "{request}");
    }
    let listed = world.client("GET /v1/models", "").await.json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("org/chat"), &json!("ranker"), &json!("gpt")]);
}
