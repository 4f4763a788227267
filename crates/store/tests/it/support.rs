//! Turns, owners and stores to test with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::value::RawValue;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use transom_core::Json;
use transom_core::clock::Timestamp;
use transom_core::id::ResponseId;
use transom_core::port::store::{
    History, Lookup, ResponseStore, StoreError, StoredItem, TurnRecord, TurnStatus,
};
use transom_core::scope::Scope;
use transom_store::sqlite::{Durability, SqliteStore, StoreConfig};

pub(crate) fn json(text: impl Into<String>) -> Json {
    RawValue::from_string(text.into()).unwrap()
}

pub(crate) fn id(name: &str) -> ResponseId {
    ResponseId::parse(&format!("resp_{name}")).unwrap()
}

pub(crate) fn owner(org: &str, team: &str, key: &str) -> Scope {
    Scope { org: Arc::from(org), team: Arc::from(team), key: Arc::from(key) }
}

pub(crate) fn items(names: &[&str]) -> Vec<StoredItem> {
    let item = |name: &&str| StoredItem {
        id: (*name).to_owned(),
        json: json(format!("{{\"id\" : \"{name}\"}}")),
    };
    names.iter().map(item).collect()
}

/// A turn whose one question and one answer carry its name.
pub(crate) fn turn(name: &str, parent: Option<&str>) -> TurnRecord {
    TurnRecord {
        id: id(name),
        parent: parent.map(id),
        conversation: None,
        status: TurnStatus::Completed,
        model: "model".to_owned(),
        created_at: Timestamp::from_millis(1_700_000_000_123),
        response: json(format!("{{ \"id\": \"resp_{name}\", \"n\": 1.50 }}")),
        input: items(&[&format!("in_{name}")]),
        output: items(&[&format!("out_{name}")]),
        tools: None,
        tool_choice: None,
        job: None,
    }
}

pub(crate) fn text(items: &[StoredItem]) -> Vec<String> {
    items.iter().map(|item| item.id.clone()).collect()
}

/// The items of a history as text.
pub(crate) fn said(history: &History) -> Vec<&str> {
    history.items.iter().map(|item| item.get()).collect()
}

pub(crate) async fn found(store: &dyn ResponseStore, scope: &Scope, name: &str) -> History {
    match store.history(scope, &id(name), 1000).await.unwrap() {
        Lookup::Found(history) => history,
        other => panic!("{name}: {other:?}"),
    }
}

pub(crate) fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

/// A folder for one test's database.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("responses.db")
    }

    /// Without fsync: most tests are not about power loss.
    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig { durability: Durability::Fast, ..StoreConfig::new(self.path()) }
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.config()).await.unwrap()
    }

    /// A connection beside the store's, as an operator's shell would be.
    pub(crate) async fn beside(&self) -> SqliteConnection {
        connect(&self.path()).await
    }
}

pub(crate) async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}

/// Runs statements beside the store.
pub(crate) async fn execute(connection: &mut SqliteConnection, statements: &'static str) {
    sqlx::raw_sql(statements).execute(connection).await.unwrap();
}
