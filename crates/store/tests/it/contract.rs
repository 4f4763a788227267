//! What every adapter of the port does. Each test uses names of its own, so all of them may run
//! against one database.

use futures_util::future::join_all;
use transom_core::port::store::{
    ItemPage, Lookup, Order, PageLookup, PageQuery, ResponseStore, StoreError, TurnRecord,
    TurnStatus,
};
use transom_core::scope::Scope;

use crate::support::{found, id, items, json, owner, said, text, turn};

pub(crate) async fn what_is_committed_is_read_back_byte_for_byte(store: &dyn ResponseStore) {
    let scope = Scope::local();
    let sent = TurnRecord {
        status: TurnStatus::Incomplete,
        tools: Some(json("[ {\"b\":1, \"a\":1e2} ]")),
        tool_choice: Some(json("\"required\"")),
        input: items(&["q1", "q2"]),
        output: Vec::new(),
        ..turn("bytes", None)
    };
    store.commit_turn(&scope, sent.clone()).await.unwrap();
    let response = store.response(&scope, &sent.id).await.unwrap().unwrap();
    assert_eq!(response.get(), sent.response.get());
    let history = found(store, &scope, "bytes").await;
    assert_eq!(history.status, TurnStatus::Incomplete);
    assert_eq!(said(&history), ["{\"id\" : \"q1\"}", "{\"id\" : \"q2\"}"]);
    assert_eq!(history.tools.unwrap().get(), "[ {\"b\":1, \"a\":1e2} ]");
    assert_eq!(history.tool_choice.unwrap().get(), "\"required\"");
}

pub(crate) async fn a_history_runs_from_the_oldest_item_to_the_newest(store: &dyn ResponseStore) {
    let scope = Scope::local();
    let mut parent = None;
    for name in ["chain1", "chain2", "chain3"] {
        store.commit_turn(&scope, turn(name, parent)).await.unwrap();
        parent = Some(name);
    }
    let expected =
        ["in_chain1", "out_chain1", "in_chain2", "out_chain2", "in_chain3", "out_chain3"]
            .map(|name| format!("{{\"id\" : \"{name}\"}}"));
    assert_eq!(said(&found(store, &scope, "chain3").await), expected);
    assert_eq!(said(&found(store, &scope, "chain2").await), expected[..4]);
    for name in ["chain1", "chain2", "chain3"] {
        assert_eq!(found(store, &scope, name).await.root, id("chain1"), "{name}");
    }
}

pub(crate) async fn the_newest_turn_alone_decides_the_tools(store: &dyn ResponseStore) {
    let scope = Scope::local();
    let first = TurnRecord { tools: Some(json("[1]")), ..turn("tools1", None) };
    store.commit_turn(&scope, first).await.unwrap();
    store.commit_turn(&scope, turn("tools2", Some("tools1"))).await.unwrap();
    assert!(found(store, &scope, "tools2").await.tools.is_none());
}

pub(crate) async fn a_foreign_response_does_not_exist_in_any_method(store: &dyn ResponseStore) {
    let ours = owner("org", "team", "key");
    store.commit_turn(&ours, turn("mine", None)).await.unwrap();
    for theirs in [owner("org", "other", "key"), owner("other", "team", "key")] {
        absent(store, &theirs, "mine").await;
        assert!(!store.delete(&theirs, &id("mine")).await.unwrap());
    }
    let colleague = owner("org", "team", "another key");
    assert_eq!(said(&found(store, &colleague, "mine").await).len(), 2);
}

pub(crate) async fn a_chain_ends_where_it_meets_another_owner(store: &dyn ResponseStore) {
    let (ours, theirs) = (owner("org", "team", "key"), owner("org", "other", "key"));
    store.commit_turn(&ours, turn("crossed", None)).await.unwrap();
    store.commit_turn(&theirs, turn("near", Some("crossed"))).await.unwrap();
    store.commit_turn(&theirs, turn("far", Some("near"))).await.unwrap();
    for name in ["near", "far"] {
        let lookup = store.history(&theirs, &id(name), 9).await.unwrap();
        assert!(matches!(lookup, Lookup::Missing), "{name}");
    }
}

pub(crate) async fn a_taken_id_is_refused_and_keeps_what_it_holds(store: &dyn ResponseStore) {
    let scope = Scope::local();
    store.commit_turn(&scope, turn("taken", None)).await.unwrap();
    for scope in [scope.clone(), owner("another", "team", "key")] {
        let second = TurnRecord { response: json("{}"), ..turn("taken", None) };
        let result = store.commit_turn(&scope, second).await;
        assert!(matches!(result, Err(StoreError::Duplicate)), "{result:?}");
    }
    let response = store.response(&scope, &id("taken")).await.unwrap().unwrap();
    assert_eq!(response.get(), turn("taken", None).response.get());
    assert_eq!(said(&found(store, &scope, "taken").await).len(), 2);
}

pub(crate) async fn a_duplicate_fails_alone_among_concurrent_commits(store: &dyn ResponseStore) {
    let scope = Scope::local();
    let names = ["among1", "among2", "among1", "among3"];
    let commits = names.map(|name| store.commit_turn(&scope, turn(name, None)));
    let results = join_all(commits).await;
    let duplicates = results.iter().filter(|r| matches!(r, Err(StoreError::Duplicate))).count();
    assert_eq!((duplicates, results.iter().filter(|r| r.is_ok()).count()), (1, 3));
    for name in names {
        assert_eq!(said(&found(store, &scope, name).await).len(), 2);
    }
}

pub(crate) async fn a_deleted_turn_is_gone_and_its_children_stay_readable(
    store: &dyn ResponseStore,
) {
    let scope = Scope::local();
    for (name, parent) in [("del1", None), ("del2", Some("del1")), ("del3", Some("del2"))] {
        store.commit_turn(&scope, turn(name, parent)).await.unwrap();
    }
    assert!(store.delete(&scope, &id("del2")).await.unwrap());
    assert!(!store.delete(&scope, &id("del2")).await.unwrap());
    absent(store, &scope, "del2").await;
    let orphan = store.history(&scope, &id("del3"), 9).await.unwrap();
    assert!(matches!(orphan, Lookup::Missing), "{orphan:?}");
    assert!(store.response(&scope, &id("del3")).await.unwrap().is_some());
    assert_eq!(said(&found(store, &scope, "del1").await).len(), 2);
}

pub(crate) async fn an_id_used_again_brings_back_nothing_deleted(store: &dyn ResponseStore) {
    let scope = Scope::local();
    store.commit_turn(&scope, turn("again", None)).await.unwrap();
    assert!(store.delete(&scope, &id("again")).await.unwrap());
    let again = TurnRecord { output: Vec::new(), ..turn("again", None) };
    store.commit_turn(&scope, again).await.unwrap();
    assert_eq!(said(&found(store, &scope, "again").await), ["{\"id\" : \"in_again\"}"]);
}

pub(crate) async fn concurrent_continuations_of_one_parent_are_siblings(store: &dyn ResponseStore) {
    let scope = Scope::local();
    store.commit_turn(&scope, turn("root", None)).await.unwrap();
    let names: Vec<String> = (0..100).map(|n| format!("sibling{n}")).collect();
    let commits = names.iter().map(|name| store.commit_turn(&scope, turn(name, Some("root"))));
    for result in join_all(commits).await {
        result.unwrap();
    }
    for name in &names {
        let expected = [
            "in_root".to_owned(),
            "out_root".to_owned(),
            format!("in_{name}"),
            format!("out_{name}"),
        ]
        .map(|name| format!("{{\"id\" : \"{name}\"}}"));
        assert_eq!(said(&found(store, &scope, name).await), expected);
    }
}

pub(crate) async fn a_chain_that_is_too_long_or_circular_is_told_apart_from_a_broken_one(
    store: &dyn ResponseStore,
) {
    let scope = Scope::local();
    let chain = [("deep1", None), ("deep2", Some("deep1")), ("deep3", Some("deep2"))];
    let circles = [("self", Some("self")), ("ring1", Some("ring2")), ("ring2", Some("ring1"))];
    let broken = [("broken1", Some("never")), ("broken2", Some("broken1"))];
    for (name, parent) in chain.into_iter().chain(circles).chain(broken) {
        store.commit_turn(&scope, turn(name, parent)).await.unwrap();
    }
    let cases = [
        ("deep3", 3, "found"),
        ("deep3", 2, "too deep"),
        ("deep1", 0, "too deep"),
        ("self", 1000, "too deep"),
        ("ring1", 1000, "too deep"),
        ("ring2", u32::MAX, "too deep"),
        ("broken2", 2, "missing"),
        ("broken2", 1, "too deep"),
        ("never", 5, "missing"),
    ];
    for (name, depth, expected) in cases {
        let answer = match store.history(&scope, &id(name), depth).await.unwrap() {
            Lookup::Found(_) => "found",
            Lookup::Missing => "missing",
            Lookup::TooDeep => "too deep",
        };
        assert_eq!(answer, expected, "{name} at {depth}");
    }
}

pub(crate) async fn input_items_come_in_pages(store: &dyn ResponseStore) {
    let scope = Scope::local();
    let names = ["a", "b", "c", "d", "e"];
    let long = TurnRecord { input: items(&names), ..turn("pages", None) };
    store.commit_turn(&scope, long).await.unwrap();
    let cases = [
        (Order::Ascending, None, 2, "a b", true),
        (Order::Ascending, Some("b"), 2, "c d", true),
        (Order::Ascending, Some("d"), 2, "e", false),
        (Order::Ascending, Some("e"), 2, "", false),
        (Order::Ascending, None, 5, "a b c d e", false),
        (Order::Descending, None, 3, "e d c", true),
        (Order::Descending, Some("c"), 100, "b a", false),
    ];
    for (order, after, limit, expected, has_more) in cases {
        let query = PageQuery { limit, order, after: after.map(str::to_owned) };
        let page = page(store, &scope, "pages", &query).await;
        assert_eq!((text(&page.items).join(" ").as_str(), page.has_more), (expected, has_more));
    }
    // Output items are not input items, not even as an anchor.
    let query = PageQuery { after: Some("out_pages".to_owned()), ..first_page() };
    let answer = store.input_items(&scope, &id("pages"), &query).await.unwrap();
    assert!(matches!(answer, PageLookup::NoAnchor));
}

pub(crate) async fn a_turn_without_input_has_an_empty_page(store: &dyn ResponseStore) {
    let scope = Scope::local();
    let empty = TurnRecord { input: Vec::new(), ..turn("empty", None) };
    store.commit_turn(&scope, empty).await.unwrap();
    let page = page(store, &scope, "empty", &first_page()).await;
    assert!(page.items.is_empty() && !page.has_more);
}

/// No read finds it.
async fn absent(store: &dyn ResponseStore, scope: &Scope, name: &str) {
    assert!(store.response(scope, &id(name)).await.unwrap().is_none());
    assert!(matches!(store.history(scope, &id(name), 9).await.unwrap(), Lookup::Missing));
    let page = store.input_items(scope, &id(name), &first_page()).await.unwrap();
    assert!(matches!(page, PageLookup::NoResponse));
}

fn first_page() -> PageQuery {
    PageQuery { limit: 20, order: Order::Ascending, after: None }
}

async fn page(store: &dyn ResponseStore, scope: &Scope, name: &str, query: &PageQuery) -> ItemPage {
    match store.input_items(scope, &id(name), query).await.unwrap() {
        PageLookup::Found(page) => page,
        other => panic!("{other:?}"),
    }
}
