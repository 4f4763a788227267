//! The contract, and how SQLite keeps it.

use std::os::unix::fs::PermissionsExt;

use futures_util::FutureExt;
use futures_util::future::join_all;
use transom_core::port::store::{ResponseStore, StoreError, TurnRecord};
use transom_core::scope::Scope;
use transom_store::sqlite::{Counters, MAX_QUEUE, MAX_TURN_BYTES};

use crate::contract;
use crate::support::{Place, found, id, is_unavailable, json, said, turn};

macro_rules! contract {
    ($($name:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            let place = Place::new();
            let store = place.open().await;
            contract::$name(&store).await;
            store.close().await;
        })*
    };
}

contract! {
    what_is_committed_is_read_back_byte_for_byte,
    a_history_runs_from_the_oldest_item_to_the_newest,
    the_newest_turn_alone_decides_the_tools,
    a_foreign_response_does_not_exist_in_any_method,
    a_chain_ends_where_it_meets_another_owner,
    an_id_used_again_brings_back_nothing_deleted,
    a_taken_id_is_refused_and_keeps_what_it_holds,
    a_duplicate_fails_alone_among_concurrent_commits,
    a_deleted_turn_is_gone_and_its_children_stay_readable,
    concurrent_continuations_of_one_parent_are_siblings,
    a_chain_that_is_too_long_or_circular_is_told_apart_from_a_broken_one,
    input_items_come_in_pages,
    a_turn_without_input_has_an_empty_page,
}

#[tokio::test]
async fn commits_that_wait_together_share_a_transaction() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    let names: Vec<String> = (0..50).map(|n| format!("turn{n}")).collect();
    let commits = names.iter().map(|name| store.commit_turn(&scope, turn(name, None)));
    for result in join_all(commits).await {
        result.unwrap();
    }
    let Counters { changes, transactions, failures } = store.counters();
    assert_eq!((changes, failures), (50, 0));
    assert!(transactions < 10, "{transactions} transactions");
}

#[tokio::test]
async fn a_write_whose_caller_left_still_happens_and_closing_waits_for_it() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    assert!(store.commit_turn(&scope, turn("left", None)).now_or_never().is_none());
    store.close().await;
    assert!(is_unavailable(&store.commit_turn(&scope, turn("late", None)).await));
    let store = place.open().await;
    assert!(store.response(&scope, &id("left")).await.unwrap().is_some());
    assert!(store.response(&scope, &id("late")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_write_beyond_the_queue_is_refused_at_once_and_the_others_are_done() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    let names: Vec<String> = (0..=MAX_QUEUE).map(|n| format!("turn{n}")).collect();
    let commits = names.iter().map(|name| store.commit_turn(&scope, turn(name, None)));
    let results = join_all(commits).await;
    assert_eq!(results.iter().filter(|result| is_unavailable(result)).count(), 1);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), MAX_QUEUE);
}

#[tokio::test]
async fn a_turn_beyond_the_size_limit_is_refused_and_one_at_the_limit_is_read_back() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    let sized = |bytes: usize| TurnRecord {
        response: json(format!("\"{}\"", "x".repeat(bytes - 2))),
        input: Vec::new(),
        output: Vec::new(),
        ..turn("large", None)
    };
    assert!(is_unavailable(&store.commit_turn(&scope, sized(MAX_TURN_BYTES + 1)).await));
    store.commit_turn(&scope, sized(MAX_TURN_BYTES)).await.unwrap();
    let response = store.response(&scope, &id("large")).await.unwrap().unwrap();
    assert_eq!(response.get().len(), MAX_TURN_BYTES);
}

#[tokio::test]
async fn the_files_are_private() {
    let place = Place::new();
    let store = place.open().await;
    store.commit_turn(&Scope::local(), turn("private", None)).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", place.path().display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[tokio::test]
async fn deleted_text_is_not_left_in_the_file() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    for (name, secret) in [("kept", "harmless"), ("gone", "hunter2")] {
        let record = TurnRecord { response: json(format!("\"{secret}\"")), ..turn(name, None) };
        store.commit_turn(&scope, record).await.unwrap();
    }
    assert!(store.delete(&scope, &id("gone")).await.unwrap());
    store.close().await;
    let bytes = std::fs::read(place.path()).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert_eq!((holds("harmless"), holds("hunter2"), holds("in_gone")), (true, false, false));
}

#[tokio::test]
async fn a_damaged_row_is_said_to_be_one_without_quoting_it() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    for name in ["cut", "odd", "whole"] {
        store.commit_turn(&scope, turn(name, None)).await.unwrap();
    }
    crate::support::execute(
        &mut place.beside().await,
        "UPDATE responses SET response = '{\"secret' WHERE id = 'resp_cut';
         UPDATE items SET json = '{\"secret' WHERE response_id = 'resp_cut';
         UPDATE responses SET status = 'secret' WHERE id = 'resp_odd'",
    )
    .await;
    let errors = [
        store.response(&scope, &id("cut")).await.unwrap_err(),
        store.history(&scope, &id("cut"), 9).await.unwrap_err(),
        store.history(&scope, &id("odd"), 9).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    assert_eq!(said(&found(&store, &scope, "whole").await).len(), 2);
}
