//! What every store of conversations does, tried with SQLite.

use futures_util::future::join_all;
use transom_core::clock::Timestamp;
use transom_core::id::ConversationId;
use transom_core::port::conversations::{
    ConversationLookup, ConversationPage, ConversationRecord, ConversationStore, ItemLookup, Lease,
};
use transom_core::port::store::{
    Lookup, Order, PageQuery, ResponseStore, StoreError, TurnRecord, TurnStatus,
};
use transom_core::scope::Scope;
use transom_store::sqlite::{MAX_CONVERSATION_ITEMS, SqliteStore};

use crate::support::{Place, execute, found, id, items, json, owner, said, text, turn};

fn conv(name: &str) -> ConversationId {
    ConversationId::parse(&format!("conv_{name}")).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A lease from `now` to ten later.
fn lease(holder: &str, now: i64) -> Lease {
    Lease { holder: id(holder), now: at(now), until: at(now + 10) }
}

async fn create(store: &SqliteStore, scope: &Scope, name: &str, first: &[&str]) {
    let metadata = json("{ \"k\" : \"v\" }");
    let record = ConversationRecord { id: conv(name), created_at: at(5), metadata };
    store.create(scope, record, items(first)).await.unwrap();
}

/// A turn of a conversation.
fn within(name: &str, conversation: &str) -> TurnRecord {
    TurnRecord { conversation: Some(conv(conversation)), ..turn(name, None) }
}

/// The ids of all items.
async fn held(store: &SqliteStore, scope: &Scope, name: &str) -> String {
    match ConversationStore::history(store, scope, &conv(name)).await.unwrap() {
        ConversationLookup::Found(items) => items
            .iter()
            .map(|json| json.get().split('"').nth(3).unwrap())
            .collect::<Vec<_>>()
            .join(" "),
        other => format!("{other:?}"),
    }
}

async fn history(store: &SqliteStore, scope: &Scope, name: &str) -> Vec<String> {
    let history = found(store, scope, name).await;
    said(&history).iter().map(|json| json.split('"').nth(3).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_conversation_is_read_back_changed_and_deleted() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    create(&store, &scope, "a", &["x", "y"]).await;
    let record = store.find(&scope, &conv("a")).await.unwrap().unwrap();
    assert_eq!((record.created_at, record.metadata.get()), (at(5), "{ \"k\" : \"v\" }"));
    assert!(store.set_metadata(&scope, &conv("a"), json("{}")).await.unwrap());
    assert!(store.append(&scope, &conv("a"), items(&["z"]), at(6)).await.unwrap());
    store.close().await;

    let store = place.open().await;
    let record = store.find(&scope, &conv("a")).await.unwrap().unwrap();
    assert_eq!(record.metadata.get(), "{}");
    assert_eq!(held(&store, &scope, "a").await, "x y z");
    let item = store.item(&scope, &conv("a"), "y").await.unwrap();
    assert!(matches!(item, ItemLookup::Found(json) if json.get() == "{\"id\" : \"y\"}"));
    assert!(store.remove_item(&scope, &conv("a"), "y", at(7)).await.unwrap());
    assert!(!store.remove_item(&scope, &conv("a"), "y", at(7)).await.unwrap());
    assert!(store.append(&scope, &conv("a"), items(&["y"]), at(8)).await.unwrap());
    assert_eq!(held(&store, &scope, "a").await, "x z y");
    // All or nothing, and each id once.
    let twice = store.append(&scope, &conv("a"), items(&["new", "x"]), at(9)).await;
    assert!(matches!(twice, Err(StoreError::Duplicate)), "{twice:?}");
    assert_eq!(held(&store, &scope, "a").await, "x z y");
    assert!(ConversationStore::delete(&store, &scope, &conv("a")).await.unwrap());
    assert_eq!(held(&store, &scope, "a").await, "Missing");
}

#[tokio::test]
async fn a_foreign_conversation_does_not_exist_in_any_method() {
    let place = Place::new();
    let (store, ours) = (place.open().await, owner("org", "team", "key"));
    create(&store, &ours, "mine", &["x"]).await;
    let mine = conv("mine");
    for theirs in [owner("org", "other", "key"), owner("other", "team", "key")] {
        assert!(store.find(&theirs, &mine).await.unwrap().is_none());
        assert_eq!(held(&store, &theirs, "mine").await, "Missing");
        let page = PageQuery { limit: 9, order: Order::Ascending, after: None };
        let page = store.items(&theirs, &mine, &page).await.unwrap();
        assert!(matches!(page, ConversationPage::NoConversation));
        let item = store.item(&theirs, &mine, "x").await.unwrap();
        assert!(matches!(item, ItemLookup::NoConversation));
        for changed in [
            store.set_metadata(&theirs, &mine, json("{}")).await,
            store.append(&theirs, &mine, items(&["y"]), at(1)).await,
            store.remove_item(&theirs, &mine, "x", at(1)).await,
            store.lease(&theirs, &mine, lease("r", 1)).await,
            ConversationStore::delete(&store, &theirs, &mine).await,
        ] {
            assert!(!changed.unwrap());
        }
        let committed = store.commit_turn(&theirs, within("r", "mine")).await;
        assert!(matches!(committed, Err(StoreError::Conflict)), "{committed:?}");
    }
    let colleague = owner("org", "team", "another key");
    assert_eq!(held(&store, &colleague, "mine").await, "x");
}

#[tokio::test]
async fn items_come_in_pages() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    create(&store, &scope, "p", &["a", "b", "c", "d"]).await;
    create(&store, &scope, "none", &[]).await;
    for (order, after, limit, expected, more) in [
        (Order::Ascending, None, 3, "a b c", true),
        (Order::Ascending, Some("b"), 2, "c d", false),
        (Order::Descending, Some("c"), 1, "b", true),
        (Order::Descending, Some("a"), 1, "", false),
    ] {
        let query = PageQuery { limit, order, after: after.map(str::to_owned) };
        match store.items(&scope, &conv("p"), &query).await.unwrap() {
            ConversationPage::Found(page) => {
                assert_eq!(
                    (text(&page.items).join(" "), page.has_more),
                    (expected.to_owned(), more)
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let query = PageQuery { limit: 1, order: Order::Ascending, after: Some("x".to_owned()) };
    let page = store.items(&scope, &conv("p"), &query).await.unwrap();
    assert!(matches!(page, ConversationPage::NoAnchor));
    let query = PageQuery { after: None, ..query };
    match store.items(&scope, &conv("none"), &query).await.unwrap() {
        ConversationPage::Found(page) => assert!(page.items.is_empty() && !page.has_more),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_turn_adds_its_items_with_its_commit_and_only_if_it_can_be_continued() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    create(&store, &scope, "t", &["x"]).await;
    for (name, status, expected) in [
        ("whole", TurnStatus::Completed, "x in_whole out_whole"),
        ("failed", TurnStatus::Failed, "x in_whole out_whole"),
        ("left", TurnStatus::Cancelled, "x in_whole out_whole"),
        ("cut", TurnStatus::Incomplete, "x in_whole out_whole in_cut out_cut"),
    ] {
        // Whatever became of the one before, the conversation is free again.
        assert!(store.lease(&scope, &conv("t"), lease(name, 1)).await.unwrap(), "{name}");
        store.commit_turn(&scope, TurnRecord { status, ..within(name, "t") }).await.unwrap();
        assert_eq!(held(&store, &scope, "t").await, expected, "{name}");
    }
    // A turn whose response is not kept.
    assert!(store.lease(&scope, &conv("t"), lease("quiet", 1)).await.unwrap());
    store.extend(&scope, &conv("t"), &id("quiet"), items(&["q"])).await.unwrap();
    assert!(held(&store, &scope, "t").await.ends_with("out_cut q"));
    assert!(store.response(&scope, &id("quiet")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_response_of_a_conversation_is_continued_with_what_was_said_before_it() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    create(&store, &scope, "h", &["x"]).await;
    for name in ["one", "two"] {
        assert!(store.lease(&scope, &conv("h"), lease(name, 1)).await.unwrap());
        store.commit_turn(&scope, within(name, "h")).await.unwrap();
    }
    store.commit_turn(&scope, turn("branch", Some("one"))).await.unwrap();
    assert_eq!(history(&store, &scope, "one").await, ["x", "in_one", "out_one"]);
    let branch = ["x", "in_one", "out_one", "in_branch", "out_branch"];
    assert_eq!(history(&store, &scope, "branch").await, branch);
    let two = ["x", "in_one", "out_one", "in_two", "out_two"];
    assert_eq!(history(&store, &scope, "two").await, two);

    assert!(ResponseStore::delete(&store, &scope, &id("one")).await.unwrap());
    assert_eq!(history(&store, &scope, "two").await, two, "a conversation keeps what it has");
    assert!(ConversationStore::delete(&store, &scope, &conv("h")).await.unwrap());
    assert!(store.response(&scope, &id("two")).await.unwrap().is_some());
    let lookup = ResponseStore::history(&store, &scope, &id("two"), 9).await.unwrap();
    assert!(matches!(lookup, Lookup::Missing), "what came before is gone: {lookup:?}");
}

#[tokio::test]
async fn one_of_many_takes_a_conversation_whichever_process_it_is_in() {
    let place = Place::new();
    let (stores, scope) = ([place.open().await, place.open().await], Scope::local());
    create(&stores[0], &scope, "c", &[]).await;
    let names: Vec<String> = (0..20).map(|n| format!("r{n}")).collect();
    let taken = names
        .iter()
        .zip(stores.iter().cycle())
        .map(async |(name, store)| store.lease(&scope, &conv("c"), lease(name, 1)).await.unwrap());
    let won: Vec<bool> = join_all(taken).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = &names[won.iter().position(|won| *won).unwrap()];
    for store in &stores {
        assert!(!store.append(&scope, &conv("c"), items(&["y"]), at(2)).await.unwrap());
        assert!(!store.release(&scope, &conv("c"), &id("nobody")).await.unwrap());
        assert!(!store.renew(&scope, &conv("c"), &id("nobody"), at(99)).await.unwrap());
    }
    // It lasts until its time, which its holder can put off.
    assert!(stores[1].renew(&scope, &conv("c"), &id(winner), at(50)).await.unwrap());
    assert!(!stores[0].lease(&scope, &conv("c"), lease("late", 49)).await.unwrap());
    assert!(stores[0].lease(&scope, &conv("c"), lease("late", 50)).await.unwrap());
    let lost = stores[1].commit_turn(&scope, within(winner, "c")).await;
    assert!(matches!(lost, Err(StoreError::Conflict)), "{lost:?}");
    assert!(stores[0].response(&scope, &id(winner)).await.unwrap().is_none());
    assert_eq!(held(&stores[0], &scope, "c").await, "");
}

#[tokio::test]
async fn a_turn_that_was_too_slow_cannot_commit_over_a_change() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    for (name, slow) in [("append", "s1"), ("remove", "s2"), ("delete", "s3")] {
        create(&store, &scope, name, &["x"]).await;
        assert!(store.lease(&scope, &conv(name), lease(slow, 1)).await.unwrap());
        let changed = match name {
            "append" => store.append(&scope, &conv(name), items(&["y"]), at(11)).await,
            "remove" => store.remove_item(&scope, &conv(name), "x", at(11)).await,
            _ => ConversationStore::delete(&store, &scope, &conv(name)).await,
        };
        assert!(changed.unwrap(), "{name}");
        assert!(!store.renew(&scope, &conv(name), &id(slow), at(99)).await.unwrap(), "{name}");
        let lost = store.commit_turn(&scope, within(slow, name)).await;
        assert!(matches!(lost, Err(StoreError::Conflict)), "{name}: {lost:?}");
        let failed = TurnRecord { status: TurnStatus::Failed, ..within(slow, name) };
        store.commit_turn(&scope, failed).await.unwrap();
    }
    // Nobody has changed anything: late is soon enough.
    create(&store, &scope, "late", &["x"]).await;
    assert!(store.lease(&scope, &conv("late"), lease("s4", 1)).await.unwrap());
    store.commit_turn(&scope, within("s4", "late")).await.unwrap();
}

#[tokio::test]
async fn a_conversation_with_more_items_than_are_read_is_said_to_be_too_long() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    create(&store, &scope, "long", &[]).await;
    execute(
        &mut place.beside().await,
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
         INSERT INTO conversation_items
         SELECT 'conv_long', n, 'local', 'local', 'local', 'i' || n, '{\"id\" : \"i\"}' FROM n",
    )
    .await;
    let whole = ConversationStore::history(&store, &scope, &conv("long")).await.unwrap();
    assert!(matches!(whole, ConversationLookup::Found(all) if all.len() == MAX_CONVERSATION_ITEMS));
    execute(
        &mut place.beside().await,
        "INSERT INTO conversation_items
         VALUES ('conv_long', 0, 'local', 'local', 'local', 'more', '{}')",
    )
    .await;
    let more = ConversationStore::history(&store, &scope, &conv("long")).await.unwrap();
    assert!(matches!(more, ConversationLookup::TooLong));
}
