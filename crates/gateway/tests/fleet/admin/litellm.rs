//! The routes that LiteLLM's scripts know.

use serde_json::Value;
use transom_testkit::FakeBackend;

use crate::admin::Site;
use crate::support::{CHAT, ask, eventually, listed, refusal, text, word_of};

fn declared(url: &str, id: &str) -> String {
    format!(
        r#"{{"model_name":"small","litellm_params":{{"model":"hosted_vllm/tiny","api_base":"{url}/v1","api_key":"sk-small","rpm":100}},"model_info":{{"id":"{id}"}}}}"#
    )
}

#[tokio::test]
async fn models_are_added_shown_changed_and_deleted_in_its_words() {
    let site = Site::start().await;
    let server = || FakeBackend::builder().expect_key("sk-small").start();
    let (first, second) = (server().await, server().await);
    for (id, server) in [("a", &first), ("b", &second)] {
        let added = site.admin.post("/model/new", declared(&server.url(), id)).await;
        assert_eq!(added.status, 200, "{}", added.text());
        let added = added.json();
        assert_eq!((text(&added["model_id"]), text(&added["model_name"])), (id, "small"));
        assert_eq!(added["litellm_params"]["rpm"], 100);
        assert_eq!(added["model_info"]["db_model"], true);
    }
    for _ in 0..8 {
        assert_eq!(word_of(&site.client, "small").await, "Hello from the fake backend.");
    }
    assert_eq!(first.count(CHAT) + second.count(CHAT), 8);

    let info = site.admin.get("/model/info").await;
    assert!(!info.text().contains("sk-small"), "{}", info.text());
    let info = info.json();
    let entries = info["data"].as_array().expect("a list").iter();
    let shown: Vec<_> = entries
        .map(|entry| (text(&entry["model_name"]), text(&entry["model_info"]["id"])))
        .collect();
    assert_eq!(shown, [("m", "m@one"), ("m", "m@other"), ("small", "a"), ("small", "b")]);
    let one = site.admin.get("/v1/model/info?litellm_model_id=a").await.json();
    assert_eq!(text(&one["data"][0]["litellm_params"]["api_base"]), format!("{}/v1", first.url()));
    assert_eq!(text(&one["data"][0]["litellm_params"]["model"]), "hosted_vllm/tiny");

    let gone = site.admin.post("/model/delete", r#"{"id":"a"}"#).await;
    assert_eq!(text(&gone.json()["message"]), "Model: a deleted successfully", "{}", gone.text());
    let before = first.count(CHAT);
    for _ in 0..4 {
        word_of(&site.client, "small").await;
    }
    assert_eq!(first.count(CHAT), before, "a deployment that is gone gets nothing");
    let moved = site.admin.post("/model/update", declared(&first.url(), "b")).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    word_of(&site.client, "small").await;
    assert_eq!(first.count(CHAT), before + 1, "it has moved");

    site.admin.post("/model/delete", r#"{"id":"b"}"#).await;
    assert_eq!(listed(&site.client).await, ["m"]);
    assert_eq!(refusal(&site.client.post(CHAT, ask("small")).await).0, 404);
    let file = site.admin.post("/model/delete", r#"{"id":"m@one"}"#).await;
    assert_eq!(refusal(&file), (409, "read_only".to_owned()));
    assert_eq!(site.admin.post("/model/delete", r#"{"id":"none"}"#).await.status, 404);
}

#[tokio::test]
async fn a_change_says_only_what_changes() {
    let site = Site::start().await;
    let server = || FakeBackend::builder().expect_key("sk-small").start();
    let (first, second) = (server().await, server().await);
    assert_eq!(site.admin.post("/model/new", declared(&first.url(), "a")).await.status, 200);
    let change = async |body: &str| {
        let answer = site.admin.post("/model/update", body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.json()
    };
    let well = async || {
        let what = "the changed deployment to answer";
        let asked = async || site.client.post(CHAT, ask("small")).await.status == 200;
        eventually(what, asked).await;
    };

    first.change_key("sk-rotated");
    let rotated =
        change(r#"{"model_info":{"id":"a"},"litellm_params":{"api_key":"sk-rotated"}}"#).await;
    assert_eq!(rotated["litellm_params"]["rpm"], 100, "what is not said stays");
    well().await;

    second.change_key("sk-rotated");
    let address = format!("{}/v1", second.url());
    let before = second.count(CHAT);
    change(&format!(
        r#"{{"model_info":{{"id":"a"}},"litellm_params":{{"api_base":"{address}"}}}}"#
    ))
    .await;
    well().await;
    assert!(second.count(CHAT) > before, "it has moved, and its key with it");
    let servers = site.admin.get("/admin/v1/backends").await.json();
    assert!(!servers.to_string().contains(&first.url()), "no ghost is left: {servers}");

    let one = "/model/a/update";
    let patch = async |body: &str| site.admin.request("PATCH", one, &[], Some(body)).await;
    let answer = patch(r#"{"litellm_params":{"rpm":7,"api_key":null}}"#).await;
    assert_eq!(answer.json()["litellm_params"]["rpm"], 7, "{}", answer.text());
    well().await;
    for (body, field) in [
        (r#"{"model_name":"other"}"#, "model_name"),
        (r#"{"model_info":{"id":"b"}}"#, "model_info.id"),
        (r#"{"litellm_params":1}"#, "litellm_params"),
    ] {
        let refused = patch(body).await;
        assert_eq!((refused.status, text(&refused.json()["error"]["param"])), (400, field));
    }
    let unknown = site.admin.request("PATCH", "/model/none/update", &[], Some("{}")).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text());
}

#[tokio::test]
async fn health_has_its_shapes_and_asks_no_model() {
    let site = Site::start().await;
    let health = async || site.admin.get("/health").await.json();
    eventually("both deployments to be healthy", async || health().await["healthy_count"] == 2)
        .await;
    site.one.kill().await;
    let seen = health().await;
    assert_eq!(
        seen["healthy_count"].as_u64().zip(seen["unhealthy_count"].as_u64()).map(|(a, b)| a + b),
        Some(2)
    );
    eventually("one to be unhealthy", async || health().await["unhealthy_count"] == 1).await;
    let seen = health().await;
    let endpoint = &seen["unhealthy_endpoints"][0];
    assert_eq!(text(&endpoint["model_id"]), "m@one");
    assert_eq!(text(&endpoint["api_base"]), format!("{}/v1", site.one.url()));
    assert!(!text(&endpoint["error"]).is_empty(), "{endpoint}");
    assert_eq!(site.other.count(CHAT), 0, "health costs nothing");

    for listener in [&site.gateway.client(), &site.gateway.admin().await] {
        for path in ["/health/liveliness", "/health/liveness"] {
            let alive = listener.get(path).await;
            assert_eq!((alive.status, alive.json()), (200, Value::from("I'm alive!")), "{path}");
        }
        let ready = listener.get("/health/readiness").await;
        let told = ready.json();
        assert_eq!(
            (ready.status, text(&told["status"]), text(&told["db"])),
            (200, "healthy", "connected")
        );
    }
}
