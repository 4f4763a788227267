//! Keys over a real store.

use tempfile::TempDir;
use transom_store::sqlite::{SqliteStore, StoreConfig};

use super::*;
use crate::source::{SystemClock, SystemRandom};

async fn locksmith(folder: &TempDir) -> Locksmith {
    let config = StoreConfig::new(folder.path().join("keys.db"));
    let store = Arc::new(SqliteStore::open(config).await.unwrap());
    Locksmith { store, clock: Arc::new(SystemClock), ids: Arc::new(SystemRandom) }
}

fn names(keys: &Keys) -> Vec<String> {
    let ring = &keys.ring;
    let kept = ring.kept().iter().map(|kept| kept.key.id());
    ring.configured().iter().map(Key::id).chain(kept).map(|id| id.to_string()).collect()
}

#[tokio::test]
async fn of_gateways_that_start_at_once_one_makes_the_first_key() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (locksmith(&folder).await, locksmith(&folder).await);
    let (mine, theirs) = tokio::join!(one.keys(&[]), other.keys(&[]));
    let mine = names(&mine.unwrap());
    assert_eq!((mine.len(), &mine), (1, &names(&theirs.unwrap())));
    let rows = one.store.keys().await.unwrap().rows;
    assert_eq!((rows.len(), rows[0].secret.expose().len()), (1, 64));
}

#[tokio::test]
async fn with_configured_keys_none_is_made_and_those_of_the_store_still_open() {
    let folder = TempDir::new().unwrap();
    let smith = locksmith(&folder).await;
    let configured = [Secret::new("a".repeat(40))];
    assert_eq!(names(&smith.keys(&configured).await.unwrap()).len(), 1);
    assert!(smith.store.keys().await.unwrap().rows.is_empty());
    let first = names(&smith.keys(&[]).await.unwrap());
    let second = smith.add(&Scope::master()).await.unwrap();
    let all = names(&smith.keys(&configured).await.unwrap());
    assert_eq!(all.len(), 3);
    assert!(all[1..].contains(&first[0]) && all[1..].contains(&second));
}
