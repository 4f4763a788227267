//! Items that are found by their own ids.

use transom_core::clock::Timestamp;
use transom_core::id::ConversationId;
use transom_core::port::conversations::{ConversationRecord, ConversationStore};
use transom_core::port::store::{ResponseStore, StoredItem, TurnRecord};
use transom_core::scope::Scope;
use transom_store::sqlite::MAX_HISTORY_BYTES;

use crate::support::{Place, id, items, json, owner, turn};

#[tokio::test]
async fn items_are_found_by_their_ids_wherever_their_owner_has_them() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    let conversation = ConversationRecord {
        id: ConversationId::parse("conv_a").unwrap(),
        created_at: Timestamp::from_millis(1),
        metadata: json("{}"),
    };
    store.create(&scope, conversation, items(&["said", "in_a"])).await.unwrap();
    store.commit_turn(&scope, turn("a", None)).await.unwrap();
    let newer = TurnRecord {
        input: vec![StoredItem { id: "in_a".to_owned(), json: json("\"newer\"") }],
        ..turn("b", Some("a"))
    };
    store.commit_turn(&scope, newer).await.unwrap();
    let stranger = owner("local", "others", "local");
    store.commit_turn(&stranger, turn("theirs", None)).await.unwrap();
    let find = async |scope: &Scope, ids: &[&str]| {
        let found = store.items_by_id(scope, ids).await.unwrap().unwrap();
        let mut found: Vec<_> =
            found.iter().map(|item| (item.id.clone(), item.json.get().to_owned())).collect();
        found.sort();
        found.into_iter().map(|(id, json)| format!("{id} {json}")).collect::<Vec<_>>()
    };
    let asked = ["out_b", "said", "nobody", "out_theirs", "in_a", "a \"b\" '"];
    let found = ["in_a \"newer\"", "out_b {\"id\" : \"out_b\"}", "said {\"id\" : \"said\"}"];
    assert_eq!(find(&scope, &asked).await, found);
    assert_eq!(find(&stranger, &asked).await, ["out_theirs {\"id\" : \"out_theirs\"}"]);
    assert!(find(&scope, &[]).await.is_empty());
    ResponseStore::delete(&store, &scope, &id("b")).await.unwrap();
    assert_eq!(find(&scope, &["out_b", "in_a"]).await, ["in_a {\"id\" : \"in_a\"}"]);
}

#[tokio::test]
async fn items_that_are_too_large_together_are_not_read() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    for name in ["a", "b"] {
        let half = json(format!("\"{}\"", "x".repeat(MAX_HISTORY_BYTES / 2)));
        let input = vec![StoredItem { id: format!("half_{name}"), json: half }];
        store.commit_turn(&scope, TurnRecord { input, ..turn(name, None) }).await.unwrap();
    }
    assert_eq!(store.items_by_id(&scope, &["half_a"]).await.unwrap().unwrap().len(), 1);
    assert!(store.items_by_id(&scope, &["half_a", "half_b"]).await.unwrap().is_none());
}
