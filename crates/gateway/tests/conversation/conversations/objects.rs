//! Conversations and items as clients make, read, change and delete them.

use serde_json::Value;
use transom_testkit::{FakeBackend, TestGateway};

use super::{CONVERSATIONS, create, good, path, said};
use crate::support::{Talk, json, keys, refusal};

#[tokio::test]
async fn a_conversation_is_created_read_changed_and_deleted() {
    let talk = Talk::start().await;
    let body = r#"{"metadata":{"topic":"demo"},"items":[{"role":"user","content":"Hi"}]}"#;
    let made = create(&talk, body).await;
    assert_eq!(keys(&made), ["created_at", "id", "metadata", "object"]);
    let id = made["id"].as_str().expect("an id");
    assert!(id.strip_prefix("conv_").is_some_and(|random| random.len() == 32), "{id}");
    assert_eq!(
        (&made["object"], &made["metadata"]),
        (&json(r#""conversation""#), &json(r#"{"topic":"demo"}"#))
    );
    assert!(made["created_at"].is_i64());
    assert_eq!(good(&talk.client.get(&path(&made, "")).await), made);

    let update = talk.client.post(&path(&made, ""), r#"{"metadata":{"topic":"other"}}"#).await;
    let updated = good(&update);
    assert_eq!(updated["metadata"], json(r#"{"topic":"other"}"#));
    assert_eq!(good(&talk.client.get(&path(&made, "")).await), updated);

    // Without a body it is empty.
    let bare = good(&talk.client.request("POST", CONVERSATIONS, &[], None).await);
    assert_eq!((&bare["object"], &bare["metadata"]), (&json(r#""conversation""#), &json("{}")));
    let list = good(&talk.client.get(&path(&bare, "/items")).await);
    let nothing = r#"{"object":"list","data":[],"first_id":"","last_id":"","has_more":false}"#;
    assert_eq!(list, json(nothing));

    // All of it is on the disk.
    let gateway = TestGateway::builder(env!("CARGO_BIN_EXE_transom"))
        .upstream(&talk.backend.url())
        .in_folder_of(&talk.gateway)
        .start()
        .await;
    let again = Talk { client: gateway.client(), gateway, backend: FakeBackend::start().await };
    assert_eq!(good(&again.client.get(&path(&made, "")).await), updated);
    assert_eq!(said(&again, &made).await, ["Hi"]);

    let deleted = good(&talk.client.delete(&path(&made, "")).await);
    let expected = format!(r#"{{"id":"{id}","object":"conversation.deleted","deleted":true}}"#);
    assert_eq!(deleted, json(&expected));
    let gone = refusal(&again.client.get(&path(&made, "")).await);
    assert_eq!(gone.brief(), (404, "conversation_not_found", Some("conversation_id")));
}

#[tokio::test]
async fn items_are_added_listed_page_by_page_read_and_deleted() {
    let talk = Talk::start().await;
    let made = create(&talk, "{}").await;
    let empty = good(&talk.client.get(&path(&made, "/items")).await);
    assert_eq!((&empty["data"], &empty["has_more"]), (&json("[]"), &Value::Bool(false)));
    let items = (0..20).map(|n| format!(r#"{{"role":"user","content":"{n}"}}"#));
    let items = items.collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"items":[{items}]}}"#);
    let added = good(&talk.client.post(&path(&made, "/items"), &body).await);
    let ids: Vec<&str> =
        added["data"].as_array().expect("data").iter().filter_map(|i| i["id"].as_str()).collect();
    assert_eq!(ids.len(), 20);
    assert_eq!((&added["object"], &added["has_more"]), (&json(r#""list""#), &Value::Bool(false)));
    assert_eq!(
        (&added["first_id"], &added["last_id"]),
        (&added["data"][0]["id"], &added["data"][19]["id"])
    );
    for field in ["id", "type", "status", "role", "content"] {
        assert!(added["data"][0].get(field).is_some(), "{field}");
    }
    for (query, expected, more) in [
        ("?limit=2", vec!["19", "18"], true),
        (&format!("?limit=2&after={}", ids[1]), vec!["0"], false),
        (&format!("?order=asc&limit=2&after={}", ids[16]), vec!["17", "18"], true),
        ("?limit=1&order=asc&include[]=message.output_text.logprobs", vec!["0"], true),
    ] {
        let page = good(&talk.client.get(&path(&made, &format!("/items{query}"))).await);
        let texts = page["data"].as_array().expect("data").iter();
        let texts: Vec<&str> = texts.filter_map(|i| i["content"][0]["text"].as_str()).collect();
        assert_eq!((texts, page["has_more"].as_bool()), (expected, Some(more)), "{query}");
    }
    let item = path(&made, &format!("/items/{}", ids[7]));
    assert_eq!(good(&talk.client.get(&item).await), added["data"][7]);
    assert_eq!(good(&talk.client.delete(&item).await), made, "the conversation itself");
    for gone in [talk.client.get(&item).await, talk.client.delete(&item).await] {
        assert_eq!(refusal(&gone).brief(), (404, "item_not_found", Some("item_id")));
    }
    assert_eq!(said(&talk, &made).await.len(), 19);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let talk = Talk::start().await;
    let made = create(&talk, r#"{"items":[{"id":"msg_1","role":"user","content":"Hi"}]}"#).await;
    let (one, items) = (path(&made, ""), path(&made, "/items"));
    let many = vec![r#"{"role":"user","content":"x"}"#; 21].join(",");
    let many = format!(r#"{{"items":[{many}]}}"#);
    let deep = "[".repeat(200);
    let deep = format!(
        r#"{{"items":[{{"type":"function_call","call_id":"c","name":"f","arguments":"{deep}"}}]}}"#
    );
    let hosted =
        deep.replace("function_call", "mcp_call").replace("\"call_id\"", "\"server_label\"");
    let screenshot = r#"{"items":[{"type":"computer_call_output","call_id":"c","output":{"image_url":"file:///etc/passwd"}}]}"#;
    for (path, body, code, param) in [
        (CONVERSATIONS, "[]", "invalid_json", None),
        (CONVERSATIONS, r#"{"metadata":{"a":1}}"#, "invalid_type", Some("metadata.a")),
        (CONVERSATIONS, r#"{"metadata":{},"metadata":{}}"#, "duplicate_key", Some("metadata")),
        (CONVERSATIONS, many.as_str(), "invalid_value", Some("items")),
        (one.as_str(), "{}", "missing_required_parameter", Some("metadata")),
        (&items, "{}", "missing_required_parameter", Some("items")),
        (&items, many.as_str(), "invalid_value", Some("items")),
        (&items, deep.as_str(), "invalid_value", Some("items[0].arguments")),
        (&items, hosted.as_str(), "invalid_value", Some("items[0].arguments")),
        (&items, screenshot, "media_url_denied", Some("items[0].output.image_url")),
        (CONVERSATIONS, " ", "invalid_json", None),
        (
            &items,
            r#"{"items":[{"type":"message","role":"user"}]}"#,
            "missing_required_parameter",
            Some("items[0].content"),
        ),
        (
            &items,
            r#"{"items":[{"id":"msg_1","role":"user","content":"Hi"}]}"#,
            "duplicate_item",
            Some("items"),
        ),
    ] {
        let found = refusal(&talk.client.post(path, body).await);
        assert_eq!(
            (found.code.as_str(), found.param.as_deref()),
            (code, param),
            "{body}: {found:?}"
        );
        assert_eq!(found.status, 400, "{body}");
    }
    for (query, param) in
        [("limit=0", "limit"), ("after=msg_2", "after"), ("include[]=x", "include")]
    {
        let found = refusal(&talk.client.get(&format!("{items}?{query}")).await);
        assert_eq!(found.brief(), (400, "invalid_value", Some(param)));
    }
    assert_eq!(said(&talk, &made).await, ["Hi"]);
}

#[tokio::test]
async fn somebody_elses_conversations_look_like_those_that_never_were() {
    let talk = Talk::start().await;
    let body = r#"{"items":[{"id":"msg_1","role":"user","content":"Secret"}]}"#;
    let (theirs, deleted) = (create(&talk, body).await, create(&talk, body).await);
    good(&talk.client.delete(&path(&deleted, "")).await);
    let mut database = talk.database().await;
    for table in ["conversations", "conversation_items"] {
        let give_away = format!("UPDATE {table} SET team_id = 'others'");
        let update = sqlx::query(sqlx::AssertSqlSafe(give_away));
        update.execute(&mut database).await.expect("an update");
    }
    let id = |of: &Value| of["id"].as_str().expect("an id").to_owned();
    let absent =
        [id(&deleted), format!("conv_{}", "0".repeat(32)), "conv_".to_owned(), "x".to_owned()];
    let item = Some(r#"{"items":[{"role":"user","content":"x"}]}"#);
    for (method, path, body) in [
        ("GET", "/v1/conversations/ID", None),
        ("POST", "/v1/conversations/ID", Some(r#"{"metadata":{}}"#)),
        ("DELETE", "/v1/conversations/ID", None),
        ("GET", "/v1/conversations/ID/items", None),
        ("POST", "/v1/conversations/ID/items", item),
        ("GET", "/v1/conversations/ID/items/msg_1", None),
        ("DELETE", "/v1/conversations/ID/items/msg_1", None),
        ("POST", "/v1/responses", Some(r#"{"model":"tiny","input":"x","conversation":"ID"}"#)),
    ] {
        let ask = async |id: &str| {
            let body = body.map(|body| body.replace("ID", id));
            let path = path.replace("ID", id);
            let answer = talk.client.request(method, &path, &[], body.as_deref()).await;
            (answer.status, answer.text().replace(&format!("'{id}'"), ""))
        };
        let foreign = ask(&id(&theirs)).await;
        assert_eq!(foreign.0, 404, "{method} {path}: {}", foreign.1);
        for absent in &absent {
            assert_eq!(ask(absent).await, foreign, "{method} {path} {absent}");
        }
    }
}
