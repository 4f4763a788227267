//! The model servers, and what an operator says of them.

use serde_json::Value;

use crate::admin::Site;
use crate::support::{CHAT, ask, eventually, refusal, text, word_of};

const SERVERS: &str = "/admin/v1/backends";

impl Site {
    async fn server(&self, id: &str) -> Value {
        let answer = self.admin.get(&format!("{SERVERS}/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn await_server(&self, id: &str, state: &str) {
        let what = format!("{id} to be {state}");
        eventually(&what, async || self.server(id).await["state"] == state).await;
    }

    async fn mark(&self, id: &str, body: &str) -> Value {
        let path = format!("{SERVERS}/{id}/state");
        let answer = self.admin.request("PUT", &path, &[], Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Asks four times; how many reached each server.
    async fn share(&self) -> (usize, usize) {
        let before = (self.one.count(CHAT), self.other.count(CHAT));
        for _ in 0..4 {
            word_of(&self.client, "m").await;
        }
        (self.one.count(CHAT) - before.0, self.other.count(CHAT) - before.1)
    }
}

/// JSON that a test writes down.
fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
async fn the_list_tells_how_every_server_stands_and_no_key() {
    let site = Site::start().await;
    for id in ["one", "other"] {
        site.await_server(id, "ready").await;
    }
    eventually("the load of a server", async || !site.server("one").await["load"].is_null()).await;
    let list = site.admin.get(SERVERS).await.json();
    let ids: Vec<_> =
        list["data"].as_array().expect("a list").iter().map(|s| text(&s["id"])).collect();
    assert_eq!(ids, ["one", "other"]);
    let one = site.server("one").await;
    assert_eq!(one["url"], format!("{}/v1", site.one.url()));
    assert_eq!((text(&one["key"]), text(&one["mark"]["state"])), ("none", "auto"));
    assert_eq!(one["load"], json(r#"{"running":0,"waiting":0,"kv_cache":0.0}"#));
    assert_eq!(one["served_models"], json(r#"[{"id":"tiny","max_model_len":32768}]"#));
    assert_eq!(
        (text(&one["deployments"][0]["id"]), text(&one["deployments"][0]["model"])),
        ("m@one", "m")
    );
    let missing = site.admin.get(&format!("{SERVERS}/none")).await;
    assert_eq!(refusal(&missing), (404, "backend_not_found".to_owned()));
}

#[tokio::test]
async fn a_mark_is_obeyed_at_once_is_seen_with_its_reason_and_ends() {
    let site = Site::start().await;
    for id in ["one", "other"] {
        site.await_server(id, "ready").await;
    }
    assert_eq!(site.share().await, (2, 2));
    for (word, state) in [("draining", "draining"), ("unhealthy", "unreachable")] {
        let body = format!(r#"{{"state":"{word}","reason":"new driver","actor":"ann"}}"#);
        let marked = site.mark("one", &body).await;
        assert_eq!(text(&marked["state"]), state, "{marked}");
        let seen = site.server("one").await;
        let mark = &seen["mark"];
        assert_eq!(
            (text(&mark["state"]), text(&mark["reason"]), text(&mark["actor"])),
            (word, "new driver", "ann")
        );
        assert!(text(&seen["reason"]).contains("new driver"), "{seen}");
        assert_eq!(site.share().await, (0, 4), "{word}");
    }
    site.gateway.await_log("mark draining").await;
    site.mark("other", r#"{"state":"draining"}"#).await;
    let nobody = site.client.post(CHAT, ask("m")).await;
    assert_eq!(refusal(&nobody), (503, "model_unavailable".to_owned()));
    for id in ["one", "other"] {
        let back = site.mark(id, r#"{"state":"auto"}"#).await;
        assert_eq!(text(&back["mark"]["state"]), "auto");
        site.await_server(id, "ready").await;
    }
    assert_eq!(site.share().await, (2, 2));

    let short = site.mark("one", r#"{"state":"draining","ttl_seconds":1}"#).await;
    assert!(short["mark"]["ttl_seconds"].as_f64().is_some_and(|left| left <= 1.0), "{short}");
    assert_eq!(site.share().await, (0, 4));
    site.await_server("one", "ready").await;
    assert_eq!(text(&site.server("one").await["mark"]["state"]), "auto");
    assert_eq!(site.share().await, (2, 2));
}

#[tokio::test]
async fn a_healthy_mark_sends_requests_to_a_server_whose_probes_fail_and_wrong_marks_are_refused() {
    let site = Site::start().await;
    site.await_server("other", "ready").await;
    site.one.route("/health", transom_testkit::answer::Answer::empty(500));
    eventually("the failing probe to count", async || site.share().await.0 == 0).await;
    site.mark("one", r#"{"state":"healthy","reason":"the probe lies"}"#).await;
    assert_eq!(site.share().await, (2, 2));

    let path = format!("{SERVERS}/one/state");
    for (wrong, part) in [
        (r#"{"state":"sick"}"#, "healthy"),
        (r#"{"state":"auto","ttl_seconds":5}"#, "ttl_seconds"),
        (r#"{"state":"draining","ttl_seconds":0}"#, "ttl_seconds"),
        (r#"{"state":"draining","until":1}"#, "until"),
        ("{", "EOF"),
    ] {
        let refused = site.admin.request("PUT", &path, &[], Some(wrong)).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
        assert!(refused.text().contains(part), "{wrong}: {}", refused.text());
    }
    assert_eq!(text(&site.server("one").await["mark"]["state"]), "healthy", "nothing was changed");
}
