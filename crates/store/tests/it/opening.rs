//! New files, shared files, and files that are not ours.

use std::path::Path;
use std::process::Command;

use futures_util::future::join_all;
use sqlx::Connection;
use transom_core::port::models::ModelStore;
use transom_core::port::store::ResponseStore;
use transom_core::scope::Scope;
use transom_store::sqlite::{OpenError, Report, SqliteStore, StoreConfig, migrate};

use crate::support::{Place, execute, found, id, said, turn};

/// The version of the schema that this program knows: the number of the last migration.
const NEWEST: u32 = 6;

#[tokio::test]
async fn migrating_reports_the_versions_and_is_done_once() {
    let place = Place::new();
    assert_eq!(migrate(&place.path()).await.unwrap(), Report { from: 0, to: NEWEST });
    assert_eq!(migrate(&place.path()).await.unwrap(), Report { from: NEWEST, to: NEWEST });
}

/// A file as the first version left it.
const VERSION_1: &str = concat!(
    "PRAGMA journal_mode = WAL;
     CREATE TABLE transom_migrations (
         version INTEGER NOT NULL PRIMARY KEY,
         name TEXT NOT NULL,
         applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
     ) STRICT;",
    include_str!("../../migrations/sqlite/0001_responses.sql"),
    "INSERT INTO transom_migrations (version, name) VALUES (1, 'responses');
     INSERT INTO responses
         (id, org_id, team_id, key_id, status, model, created_at, response)
     VALUES ('resp_old', 'local', 'local', 'local', 'completed', 'model', 0, '{}');
     INSERT INTO items (response_id, position, org_id, team_id, key_id, direction, item_id, json)
     VALUES ('resp_old', 0, 'local', 'local', 'local', 'input', 'a', '{\"id\" : \"a\"}');"
);

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date_and_keeps_what_it_holds() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    let mut before = place.beside().await;
    execute(&mut before, VERSION_1).await;
    before.close().await.unwrap();
    assert_eq!(migrate(&place.path()).await.unwrap(), Report { from: 1, to: NEWEST });
    let store = place.open().await;
    assert_eq!(said(&found(&store, &Scope::local(), "old").await), ["{\"id\" : \"a\"}"]);
    let models = store.list().await.unwrap();
    assert_eq!((models.revision, models.rows.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_stores_open_one_new_file_at_once() {
    let place = Place::new();
    let stores = join_all((0..20).map(|_| SqliteStore::open(place.config()))).await;
    let stores: Vec<SqliteStore> = stores.into_iter().map(Result::unwrap).collect();
    let scope = Scope::local();
    for (n, store) in stores.iter().enumerate() {
        store.commit_turn(&scope, turn(&n.to_string(), None)).await.unwrap();
    }
    for n in 0..20 {
        let seen = stores[0].response(&scope, &id(&n.to_string())).await.unwrap();
        assert!(seen.is_some(), "{n}");
    }
}

/// In the test's own child processes: the file, and the turn to write.
const CHILD: &str = "TRANSOM_STORE_TEST_CHILD";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test's own child learns here what it is")]
async fn processes_open_one_new_file_at_once() {
    if let Ok(role) = std::env::var(CHILD) {
        let (name, path) = role.split_once(' ').unwrap();
        let store = SqliteStore::open(StoreConfig::new(Path::new(path))).await.unwrap();
        store.commit_turn(&Scope::local(), turn(name, None)).await.unwrap();
        return;
    }
    let place = Place::new();
    let names = ["a", "b", "c", "d"];
    let children = names.map(|name| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "opening::processes_open_one_new_file_at_once"])
            .env(CHILD, format!("{name} {}", place.path().display()))
            .spawn()
            .unwrap()
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = place.open().await;
    for name in names {
        assert!(store.response(&Scope::local(), &id(name)).await.unwrap().is_some(), "{name}");
    }
}

/// Opens a file that must be refused, and sees that it is left as it was.
async fn refused(path: &Path) -> OpenError {
    let before = std::fs::read(path).unwrap();
    let error = SqliteStore::open(StoreConfig::new(path)).await.unwrap_err();
    assert_eq!(std::fs::read(path).unwrap(), before, "{error}");
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    assert!(!error.hint().is_empty());
    error
}

#[tokio::test]
async fn what_is_not_a_database_is_refused_and_left_alone() {
    let place = Place::new();
    for content in [vec![b'x'; 5000], b"short".to_vec(), vec![0; 4096]] {
        std::fs::write(place.path(), content).unwrap();
        let error = refused(&place.path()).await;
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_truncated_database_is_refused_and_left_alone() {
    let place = Place::new();
    migrate(&place.path()).await.unwrap();
    std::fs::OpenOptions::new().write(true).open(place.path()).unwrap().set_len(4096).unwrap();
    let error = refused(&place.path()).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_alone() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    let mut theirs = place.beside().await;
    execute(&mut theirs, "CREATE TABLE responses (id TEXT)").await;
    theirs.close().await.unwrap();
    let error = refused(&place.path()).await;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    migrate(&place.path()).await.unwrap();
    let mut newer = place.beside().await;
    execute(&mut newer, "INSERT INTO transom_migrations (version, name) VALUES (99, 'later')")
        .await;
    newer.close().await.unwrap();
    let error = refused(&place.path()).await;
    assert!(matches!(error, OpenError::Newer { found: 99, known: NEWEST, .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let place = Place::new();
    let path = place.path().join("missing/responses.db");
    let error = SqliteStore::open(StoreConfig::new(&path)).await.unwrap_err();
    assert!(matches!(error, OpenError::Create { .. }), "{error:?}");
    assert!(error.to_string().contains("missing/responses.db"), "{error}");
}
