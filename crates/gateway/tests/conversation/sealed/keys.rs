//! The keys: shared, kept over a restart, exchanged, configured.

use transom_testkit::gateway::Builder;
use transom_testkit::{Client, FakeBackend, TestGateway};

use super::{beside, eventually, opens_at, sealed_by};
use crate::support::{Talk, json, keys, refusal};

const KEYS: &str = "/admin/v1/sealing-keys";

fn gateway(backend: &FakeBackend) -> Builder {
    TestGateway::builder(env!("CARGO_BIN_EXE_transom")).upstream(&backend.url())
}

/// The version and the key's name, as a sealed text begins: nine bytes.
fn key_of(blob: &str) -> &str {
    &blob[..12]
}

#[tokio::test]
async fn gateways_on_one_database_read_each_others_and_a_restart_loses_nothing() {
    let talk = Talk::start().await;
    let second = beside(&talk).await;
    let one = sealed_by(&talk.client, &talk.backend).await;
    let other = sealed_by(&second.client(), &talk.backend).await;
    assert_eq!(key_of(&one), key_of(&other));
    for blob in [&one, &other] {
        assert_eq!(opens_at(&talk.client, blob).await, 200);
        assert_eq!(opens_at(&second.client(), blob).await, 200);
    }
    let again = second.restart().await;
    assert_eq!(opens_at(&again.client(), &one).await, 200);
    assert_eq!(opens_at(&again.client(), &other).await, 200);
    // Another database has another key.
    let stranger = gateway(&talk.backend).start().await;
    assert_eq!(opens_at(&stranger.client(), &one).await, 400);
}

/// Each key as `seals` or not, newest first, with its name.
async fn listed(admin: &Client) -> Vec<(bool, String)> {
    let list = admin.get(KEYS).await.json();
    let list = list["data"].as_array().expect("a list").clone();
    let key = |key: &serde_json::Value| {
        assert_eq!(keys(key), ["created_at", "id", "object", "seals", "source"]);
        assert_eq!([&key["object"], &key["source"]], ["sealing_key", "store"]);
        (key["seals"] == true, key["id"].as_str().expect("a name").to_owned())
    };
    list.iter().map(key).collect()
}

#[tokio::test]
async fn a_new_key_seals_on_every_gateway_within_seconds_and_old_ones_open() {
    let backend = FakeBackend::start().await;
    let mut both = gateway(&backend).admin().start_several(2).await;
    let (second, first) = (both.pop().expect("two"), both.pop().expect("two"));
    let (one, other) = (first.admin().await, second.admin().await);
    let old = sealed_by(&first.client(), &backend).await;
    let before = listed(&one).await;
    assert_eq!((before.len(), before[0].0), (1, true));

    let made = one.post(KEYS, "").await;
    assert_eq!(made.status, 201, "{}", made.text());
    let new = made.json()["id"].as_str().expect("a name").to_owned();
    assert_eq!(made.json()["seals"], false, "other gateways may not have it yet");
    // The other gateway has it before any gateway seals with it.
    eventually("the other gateway has the key", async || listed(&other).await.len() == 2).await;
    eventually("it seals everywhere", async || {
        let everywhere = [listed(&one).await, listed(&other).await];
        everywhere.iter().all(|keys| keys[0] == (true, new.clone()) && !keys[1].0)
    })
    .await;
    let fresh = sealed_by(&second.client(), &backend).await;
    assert_ne!(key_of(&fresh), key_of(&old));
    for gateway in [&first, &second] {
        assert_eq!(opens_at(&gateway.client(), &old).await, 200);
        assert_eq!(opens_at(&gateway.client(), &fresh).await, 200);
    }

    // The one in use stays; the old one goes, and what it sealed with it.
    let refused = refusal(&one.delete(&format!("{KEYS}/{new}")).await);
    assert_eq!(refused.brief(), (409, "conflict", None));
    let path = format!("{KEYS}/{}", before[0].1);
    assert_eq!(one.delete(&path).await.json()["deleted"], true);
    assert_eq!(refusal(&one.delete(&path).await).brief(), (404, "not_found", None));
    eventually("it is gone everywhere", async || opens_at(&second.client(), &old).await == 400)
        .await;
    assert_eq!(opens_at(&second.client(), &fresh).await, 200);
}

#[tokio::test]
async fn configured_keys_are_shared_without_a_common_database_and_the_first_seals() {
    let backend = FakeBackend::start().await;
    let (new, old) = ("n".repeat(40), "o".repeat(40));
    let before = gateway(&backend).env("VR_SEALING_KEY", &*old).admin().start().await;
    let after = gateway(&backend)
        .env("NEW", &*new)
        .file("old.key", format!("{old}\n"))
        .config_yaml("sealing: {keys: ['env:NEW', 'file:old.key']}\n")
        .start()
        .await;
    let blob = sealed_by(&before.client(), &backend).await;
    assert_eq!(opens_at(&after.client(), &blob).await, 200);
    let blob = sealed_by(&after.client(), &backend).await;
    assert_eq!(opens_at(&before.client(), &blob).await, 400, "it does not have the new key");

    let admin = before.admin().await;
    assert_eq!(refusal(&admin.post(KEYS, "").await).brief(), (409, "read_only", None));
    let list = admin.get(KEYS).await;
    let name = list.json()["data"][0]["id"].clone();
    let only = format!(
        r#"[{{"id":{name},"object":"sealing_key","source":"configuration","seals":true}}]"#
    );
    assert_eq!(list.json()["data"], json(&only));
    assert!(!list.text().contains(&old));
    let path = format!("{KEYS}/{}", name.as_str().expect("a name"));
    assert_eq!(refusal(&admin.delete(&path).await).brief(), (409, "read_only", None));

    // The old key moves out of the file, and with it goes what it sealed: without a restart.
    let sealed_before = sealed_by(&before.client(), &backend).await;
    after.files().write("transom.yaml", "sealing: {keys: ['env:NEW']}\n");
    eventually("the file is read again", async || {
        opens_at(&after.client(), &sealed_before).await == 400
    })
    .await;
}
