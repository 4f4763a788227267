//! Locks held by others, and full disks.

use std::time::Duration;

use sqlx::Connection;
use tokio::time::Instant;
use transom_core::port::store::{ResponseStore, TurnRecord};
use transom_core::scope::Scope;
use transom_store::sqlite::{SqliteStore, StoreConfig};

use crate::support::{Place, execute, id, is_unavailable, json, turn};

/// Counts how often a task gets its turn until something is done.
async fn beats_until<T>(done: impl Future<Output = T>) -> (T, u32) {
    let mut interval = tokio::time::interval(Duration::from_millis(10));
    let mut beats = 0;
    tokio::pin!(done);
    loop {
        tokio::select! {
            result = &mut done => return (result, beats),
            _ = interval.tick() => beats += 1,
        }
    }
}

#[tokio::test]
async fn a_lock_held_elsewhere_stops_writes_for_the_busy_limit_and_nothing_else() {
    let place = Place::new();
    let busy_limit = Duration::from_millis(600);
    let config = StoreConfig { busy_limit, ..place.config() };
    let (store, scope) = (SqliteStore::open(config).await.unwrap(), Scope::local());
    store.commit_turn(&scope, turn("before", None)).await.unwrap();
    let mut holder = place.beside().await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;

    let begin = Instant::now();
    let timed = |name: &'static str| {
        let (store, scope) = (&store, &scope);
        async move { (store.commit_turn(scope, turn(name, None)).await, Instant::now()) }
    };
    let reads_then_writes = async {
        let read = store.response(&scope, &id("before")).await.unwrap();
        let read_at = Instant::now();
        assert!(read.is_some());
        store.probe().await.unwrap();
        (timed("second").await, read_at)
    };
    let both = async { tokio::join!(timed("first"), reads_then_writes) };
    let (((first, first_at), ((second, second_at), read_at)), beats) = beats_until(both).await;

    assert!(is_unavailable(&first) && is_unavailable(&second));
    assert!(read_at < first_at, "a read waited for the lock");
    assert!(first_at - begin >= busy_limit);
    assert!(second_at - first_at < busy_limit / 2, "a queued write waited a second time");
    assert!(beats > 10, "the runtime stood still: {beats} beats");

    execute(&mut holder, "ROLLBACK").await;
    store.commit_turn(&scope, turn("first", None)).await.unwrap();
    assert!(store.response(&scope, &id("second")).await.unwrap().is_none());
}

fn sized(name: &str, bytes: usize) -> TurnRecord {
    TurnRecord { response: json(format!("\"{}\"", "x".repeat(bytes))), ..turn(name, None) }
}

#[tokio::test]
async fn a_full_disk_fails_the_write_that_does_not_fit_and_keeps_the_rest() {
    let place = Place::new();
    let config = StoreConfig { max_bytes: Some(256 << 10), ..place.config() };
    let (store, scope) = (SqliteStore::open(config).await.unwrap(), Scope::local());

    // Together in one batch: only the one that does not fit fails.
    let (small, large, other) = tokio::join!(
        store.commit_turn(&scope, sized("small", 100)),
        store.commit_turn(&scope, sized("large", 400 << 10)),
        store.commit_turn(&scope, sized("other", 100)),
    );
    assert!(small.is_ok() && is_unavailable(&large) && other.is_ok());

    let mut stored = Vec::new();
    for n in 0..100 {
        let name = format!("fill{n}");
        match store.commit_turn(&scope, sized(&name, 10 << 10)).await {
            Ok(()) => stored.push(name),
            refused => {
                assert!(is_unavailable(&refused));
                break;
            }
        }
    }
    assert!((5..100).contains(&stored.len()), "{} turns", stored.len());
    for name in stored.iter().map(String::as_str).chain(["small", "other"]) {
        assert!(store.response(&scope, &id(name)).await.unwrap().is_some(), "{name}");
    }
    store.probe().await.unwrap();

    assert!(store.delete(&scope, &id(&stored[0])).await.unwrap());
    store.commit_turn(&scope, sized("again", 10 << 10)).await.unwrap();
    store.close().await;
    let mut beside = place.beside().await;
    let verdict: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut beside).await.unwrap();
    assert_eq!(verdict, "ok");
    beside.close().await.unwrap();
}
