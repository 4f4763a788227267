//! Items that a request refers to instead of sending them.

use serde_json::Value;
use transom_testkit::answer::chat::chat;
use transom_testkit::answer::chat_text;

use super::{called, messages};
use crate::socket::Client;
use crate::support::{Talk, json, refusal};

/// A list of references to these items.
fn references(ids: &[&Value]) -> String {
    let list = ids.iter().map(|id| format!(r#"{{"type":"item_reference","id":{id}}}"#));
    list.collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn an_item_that_is_stored_is_referred_to_instead_of_sent() {
    let talk = Talk::start().await;
    let weather = r#""tools":[{"type":"function","name":"weather"}]"#;
    talk.backend.answer(chat().text("Looking.").tool_call("call_1", "weather", "{}"));
    let asked = r#"{"id":"msg_asked","role":"user","content":"Paris?"}"#;
    let first = talk.respond(&format!(r#""input":[{asked}],{weather}"#)).await;
    let output = r#"{"type":"function_call_output","call_id":"call_1","output":"Sunny"}"#;
    let ids = [&"msg_asked".into(), &first["output"][0]["id"], &first["output"][1]["id"]];
    let list = references(&ids);
    talk.backend.answer(chat_text("Sunny."));
    // Without a type, and with a new item behind them.
    let list = list.replacen(r#""type":"item_reference","#, "", 1);
    let second = talk.respond(&format!(r#""input":[{list},{output}],{weather}"#)).await;
    let sent = messages(&talk);
    assert_eq!(sent[0], json(r#"{"role":"user","content":"Paris?"}"#));
    assert_eq!(
        (&sent[1]["content"], called(&sent[1])),
        (&"Looking.".into(), "weather {}".to_owned())
    );
    assert_eq!((&sent[2]["role"], &sent[2]["content"]), (&"tool".into(), &"Sunny".into()));

    // They are items of the second response too: it stays whole when the first one is deleted.
    let path = |response: &Value, rest: &str| {
        format!("/v1/responses/{}{rest}", response["id"].as_str().expect("an id"))
    };
    let listed = talk.client.get(&path(&second, "/input_items?order=asc")).await.json();
    let kept: Vec<_> = (0..3).map(|at| &listed["data"][at]["id"]).collect();
    assert_eq!(kept, ids);
    assert_eq!(listed["data"][1], first["output"][0]);
    assert_eq!(talk.client.delete(&path(&first, "")).await.status, 200);
    talk.proceed(&second, r#""input":"And Rome?""#).await;
    assert_eq!(messages(&talk)[..3], sent);
    // What the second one has can still be referred to.
    talk.respond(&format!(r#""input":[{},{asked}]"#, references(&[&second["output"][0]["id"]])))
        .await;
    assert_eq!(messages(&talk)[0]["content"], "Sunny.");
}

#[tokio::test]
async fn what_is_referred_to_is_looked_for_in_the_chain_in_conversations_and_nowhere_else() {
    let talk = Talk::start().await;
    let note = r#"{"items":[{"id":"msg_note","role":"user","content":"Note"}]}"#;
    assert_eq!(talk.client.post("/v1/conversations", note).await.status, 200);
    let other = talk.client.post("/v1/conversations", "{}").await.json();
    let items =
        |made: &Value| format!("/v1/conversations/{}/items", made["id"].as_str().expect("an id"));
    let reference = r#"{"items":[{"type":"item_reference","id":"msg_note"}]}"#;

    // An item of a conversation, in a response and in another conversation, where it is copied.
    talk.respond(r#""input":[{"type":"item_reference","id":"msg_note"}]"#).await;
    assert_eq!(messages(&talk), [json(r#"{"role":"user","content":"Note"}"#)]);
    let copied = talk.client.post(&items(&other), reference).await;
    assert_eq!(copied.json()["data"][0]["content"][0]["text"], "Note", "{}", copied.text());
    let twice = talk.client.post(&items(&other), reference).await;
    assert_eq!(refusal(&twice).brief(), (400, "duplicate_item", Some("items")));
    let conversation = format!(r#""conversation":{}"#, other["id"]);
    let within = format!(r#""input":[{{"id":"msg_note"}}],{conversation}"#);
    let twice = talk.refused(&within).await;
    assert_eq!(twice.brief(), (400, "duplicate_item", Some("input[0].id")));
    // An item of the chain is said again.
    let first = talk.respond(r#""input":[{"id":"msg_one","role":"user","content":"One"}]"#).await;
    talk.proceed(&first, r#""input":[{"id":"msg_one"}]"#).await;
    let said: Vec<_> = messages(&talk).iter().map(|message| message["content"].clone()).collect();
    assert_eq!((said.len(), &said[0], &said[2]), (3, &"One".into(), &"One".into()));

    // Unknown, deleted, of a response that is not stored, and foreign: one case.
    talk.respond(r#""input":[{"id":"msg_gone","role":"user","content":"x"}],"store":false"#).await;
    let theirs = r#""input":[{"id":"msg_theirs","role":"user","content":"Secret"}]"#;
    let theirs = talk.respond(theirs).await;
    let mut database = talk.database().await;
    for table in ["responses", "items"] {
        let give_away = format!(
            "UPDATE {table} SET team_id = 'others' WHERE {} = ?1",
            match table {
                "items" => "response_id",
                _ => "id",
            }
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(give_away)).bind(theirs["id"].as_str());
        query.execute(&mut database).await.expect("an update");
    }
    let mut told = Vec::new();
    for id in ["msg_nowhere", "msg_gone", "msg_theirs", "not an id"] {
        let hi = r#"{"role":"user","content":"Hi"}"#;
        let found = talk.refused(&format!(r#""input":[{hi},{{"id":"{id}"}}]"#)).await;
        assert_eq!(found.brief(), (404, "item_not_found", Some("input[1].id")), "{id}");
        told.push(found.message.replace(id, ""));
        let body = format!(r#"{{"items":[{{"id":"{id}"}}]}}"#);
        let found = refusal(&talk.client.post(&items(&other), &body).await);
        assert_eq!(found.brief(), (404, "item_not_found", Some("items[0].id")), "{id}");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn a_reference_finds_what_only_the_connection_remembers() {
    let talk = Talk::start().await;
    let mut client = Client::open(&talk.gateway).await;
    let first = client
        .respond(r#""store":false,"input":[{"id":"msg_one","role":"user","content":"One"}]"#)
        .await;
    let next = format!(
        r#""store":false,"previous_response_id":{},"input":[{{"id":"msg_one"}}]"#,
        first["id"]
    );
    client.respond(&next).await;
    assert_eq!(messages(&talk)[2]["content"], "One");
}
