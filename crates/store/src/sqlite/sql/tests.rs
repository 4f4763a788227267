use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::*;
use crate::sqlite::conversations::sql as conversations;
use crate::sqlite::jobs::sql as jobs;
use crate::sqlite::once::sql as once;

/// What must never be read from end to end.
const TABLES_AND_ALIASES: &[&str] = &[
    "responses",
    "items",
    "parent",
    "head",
    "item",
    "anchor",
    "turn",
    "revisions",
    "begun",
    "talk",
    "said",
    "conversation",
    "jobs",
    "job_events",
    "idempotency_keys",
    "past",
    "shown",
];

/// The loops of a statement as SQLite plans them.
async fn plan(statement: &str) -> Vec<String> {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for schema in [
        include_str!("../../../migrations/sqlite/0001_responses.sql"),
        include_str!("../../../migrations/sqlite/0002_models.sql"),
        include_str!("../../../migrations/sqlite/0003_conversations.sql"),
        include_str!("../../../migrations/sqlite/0004_jobs.sql"),
        include_str!("../../../migrations/sqlite/0006_idempotency.sql"),
    ] {
        sqlx::raw_sql(schema).execute(&mut connection).await.unwrap();
    }
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

#[tokio::test]
async fn every_read_and_deletion_finds_its_rows_by_an_index() {
    for statement in [
        RESPONSE,
        HISTORY,
        INPUT_ITEMS_ASCENDING,
        INPUT_ITEMS_DESCENDING,
        DELETE_RESPONSE,
        crate::sqlite::models::REVISION,
        conversations::FIND,
        conversations::HISTORY,
        conversations::ITEMS_ASCENDING,
        conversations::ITEMS_DESCENDING,
        conversations::ITEM,
        conversations::DELETE,
        conversations::DELETE_ITEM,
        conversations::FREE,
        conversations::APPEND,
        conversations::EXTEND,
        conversations::LEASE,
        conversations::RENEW,
        jobs::EXTEND,
        jobs::BEGIN,
        jobs::HELD_BY,
        jobs::END,
        jobs::END_RESPONSE,
        jobs::NEXT_POSITION,
        jobs::STATE,
        jobs::EVENTS,
        jobs::ASK_TO_CANCEL,
        jobs::SEIZE,
        jobs::LET_GO,
        jobs::RENEW,
        jobs::ADOPT,
        jobs::RESPONSE,
        jobs::INPUT,
        jobs::SWEEP,
        jobs::DELETE_EVENTS,
        ITEMS_BY_ID,
        once::FIND,
        once::RENEW,
        once::KEEP,
        once::RELEASE,
        once::SWEEP,
    ] {
        let plan = plan(statement).await;
        let scans = plan.iter().filter(|step| {
            TABLES_AND_ALIASES.iter().any(|table| step.starts_with(&format!("SCAN {table}")))
        });
        assert_eq!(scans.count(), 0, "{plan:#?}");
        assert!(plan.iter().any(|step| step.contains("USING")), "{plan:#?}");
    }
    let history = plan(HISTORY).await;
    for step in ["SEARCH parent USING INDEX", "SEARCH item USING INDEX"] {
        assert!(history.iter().any(|found| found.starts_with(step)), "{history:#?}");
    }
}
