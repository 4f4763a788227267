//! Models that are written while the gateway runs.

use transom_testkit::FakeBackend;

use crate::admin::{MASTER, Site};
use crate::support::{CHAT, ask, keyed, listed, refusal, text, word_of};

const MODELS: &str = "/admin/v1/models";

fn declared(url: &str) -> String {
    format!(
        r#"{{"model":{{"name":"team/new","deployments":[{{"backend":"fresh","model":"tiny","weight":2}}]}},"backends":[{{"name":"fresh","url":"{url}/v1"}}]}}"#
    )
}

#[tokio::test]
async fn a_model_is_added_changed_kept_over_a_restart_and_taken_out() {
    let site = Site::start().await;
    let fresh = FakeBackend::start().await;
    let added = site.admin.post(MODELS, declared(&fresh.url())).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let added = added.json();
    assert_eq!((text(&added["name"]), text(&added["source"])), ("team/new", "admin"));
    assert_eq!(added["read_only"], false);
    assert_eq!(word_of(&site.client, "team/new").await, "Hello from the fake backend.");
    assert_eq!(listed(&site.client).await, ["m", "team/new"]);
    let twice = site.admin.post(MODELS, declared(&fresh.url())).await;
    assert_eq!(refusal(&twice), (409, "conflict".to_owned()));

    let path = format!("{MODELS}/team/new");
    let hide = Some(r#"{"model":{"hidden":true}}"#);
    let hidden = site.admin.request("PATCH", &path, &[], hide).await;
    assert_eq!(hidden.status, 200, "{}", hidden.text());
    assert_eq!(hidden.json()["model"]["hidden"], true);
    assert_eq!(hidden.json()["model"]["deployments"][0]["weight"], 2, "what is not given stays");
    assert_eq!(listed(&site.client).await, ["m"]);

    let gateway = site.gateway.restart().await;
    let (client, admin) = (keyed(gateway.client(), MASTER), keyed(gateway.admin().await, MASTER));
    assert_eq!(word_of(&client, "team/new").await, "Hello from the fake backend.");
    let kept = admin.get(&path).await.json();
    assert_eq!(kept["model"], hidden.json()["model"]);
    assert_eq!(kept["created_at"], added["created_at"]);

    let gone = admin.delete(&path).await;
    assert_eq!((gone.status, &gone.json()["deleted"]), (200, &true.into()), "{}", gone.text());
    assert_eq!(refusal(&client.post(CHAT, ask("team/new")).await).0, 404);
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(admin.delete(&path).await.status, 404);
    let revision = admin.get("/admin/v1/revision").await.json();
    assert_eq!(revision["store_revision"], 3, "added, changed, taken out: {revision}");
}

#[tokio::test]
async fn models_of_files_are_read_only_and_wrong_ones_change_nothing() {
    let site = Site::start().await;
    let path = format!("{MODELS}/m");
    let shown = site.admin.get(&path).await.json();
    assert_eq!((text(&shown["source"]), &shown["read_only"]), ("file", &true.into()));
    let read_only = (409, "read_only".to_owned());
    let change = Some(r#"{"model":{"hidden":true}}"#);
    assert_eq!(refusal(&site.admin.request("PATCH", &path, &[], change).await), read_only);
    assert_eq!(refusal(&site.admin.delete(&path).await), read_only);
    let same = r#"{"model":{"name":"m","deployments":[{"backend":"one"}]}}"#;
    assert_eq!(refusal(&site.admin.post(MODELS, same).await), read_only);

    let revision = site.admin.get("/admin/v1/revision").await.json();
    for (wrong, part) in [
        (r#"{"model":{"name":"x","deployments":[{"backend":"none"}]}}"#, "none"),
        (r#"{"model":{"name":"x","deployments":[]}}"#, "deployments"),
        (r#"{"model":{"deployments":[{"backend":"one"}]}}"#, "name"),
        (r#"{"model":{"name":"x","deploymentz":[]}}"#, "deploymentz"),
        (r#"{"model":{"name":"x","retries":"many","deployments":[{"backend":"one"}]}}"#, "retries"),
        (r#"{"model":{"name":"x","fallbacks":["y"],"deployments":[{"backend":"one"}]}}"#, "y"),
        ("[]", ""),
        ("{", ""),
    ] {
        let refused = site.admin.post(MODELS, wrong).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
        assert!(
            text(&refused.json()["error"]["message"]).contains(part),
            "{wrong}: {}",
            refused.text()
        );
    }
    assert_eq!(site.admin.get("/admin/v1/revision").await.json(), revision, "nothing was changed");
    assert_eq!(listed(&site.client).await, ["m"]);
}
