//! How many statements the reads take.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use transom_core::id::ConversationId;
use transom_core::port::conversations::{ConversationLookup, ConversationStore};

use super::*;

/// For each length, a conversation of so many items and a chain of so many turns.
const PLANT: &str = "
BEGIN;
CREATE TEMP TABLE lengths (n INTEGER);
INSERT INTO lengths VALUES (1), (20), (500);
CREATE TEMP TABLE numbers AS
WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 499) SELECT n FROM n;
INSERT INTO conversations (id, org_id, team_id, key_id, created_at, next_position, metadata)
SELECT 'conv_' || n, 'local', 'local', 'local', 0, n, '{}' FROM lengths;
INSERT INTO conversation_items (conversation_id, position, org_id, team_id, key_id, item_id, json)
SELECT 'conv_' || lengths.n, numbers.n, 'local', 'local', 'local', 'item' || numbers.n, '{}'
FROM lengths JOIN numbers ON numbers.n < lengths.n;
INSERT INTO responses
    (id, org_id, team_id, key_id, parent_id, status, model, created_at, response)
SELECT 'resp_' || numbers.n, 'local', 'local', 'local',
       iif(numbers.n > 0, 'resp_' || (numbers.n - 1), NULL), 'completed', 'model', 0, '{}'
FROM numbers;
INSERT INTO items (response_id, position, org_id, team_id, key_id, direction, item_id, json)
SELECT id, 0, org_id, team_id, key_id, 'input', 'item', '{}' FROM responses;
COMMIT;";

/// The beginnings of all statements that are logged, which the store's own are not.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// The readings so far; a new connection sets itself up with other statements.
    fn take(&self) -> Vec<String> {
        let mut all = std::mem::take(&mut *self.0.lock().unwrap());
        all.retain(|statement| !statement.starts_with("PRAGMA"));
        all
    }
}

impl Visit for Statements {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn one_statement_reads_a_history_whatever_its_length() {
    // A connection's statements are logged on its own thread, hence for the whole process.
    let statements = Statements::default();
    tracing::subscriber::set_global_default(statements.clone()).unwrap();
    let (folder, scope) = (tempfile::tempdir().unwrap(), Scope::local());
    let path = folder.path().join("responses.db");
    let mut store = SqliteStore::open(StoreConfig::new(&path)).await.unwrap();
    let readers = || async {
        let options = SqliteConnectOptions::new().filename(&path);
        SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
    };
    let plant = readers().await;
    sqlx::raw_sql(PLANT).execute(&plant).await.unwrap();
    plant.close().await;
    assert!(!statements.take().is_empty(), "statements are logged");
    for length in [1, 20, 500] {
        store.readers = readers().await;
        let conversation = ConversationId::parse(&format!("conv_{length}")).unwrap();
        let said = ConversationStore::history(&store, &scope, &conversation).await.unwrap();
        assert!(matches!(said, ConversationLookup::Found(items) if items.len() == length));
        // What has been logged is complete when the connection is closed.
        store.readers.close().await;
        let of_conversation = statements.take();
        assert_eq!(of_conversation.len(), 1, "{length} items: {of_conversation:?}");

        store.readers = readers().await;
        let last = ResponseId::parse(&format!("resp_{}", length - 1)).unwrap();
        let chain = ResponseStore::history(&store, &scope, &last, 1000).await.unwrap();
        assert!(matches!(chain, Lookup::Found(history) if history.items.len() == length));
        store.readers.close().await;
        let of_chain = statements.take();
        assert_eq!(of_chain.len(), 1, "{length} turns: {of_chain:?}");
    }
}
