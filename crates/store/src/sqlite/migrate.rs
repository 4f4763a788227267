//! The versions of the schema, and how a file gets from one to the next.
//!
//! Everything happens in one transaction that begins by taking the write lock: of several processes
//! that start at once the first migrates, and the others wait and find it done.

use std::path::Path;

use sqlx::SqliteConnection;

use super::error::OpenError;
use super::sql;

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The schema's version found; 0 for a new file.
    pub from: u32,
    /// The version now.
    pub to: u32,
}

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// Version 1 first. A released migration never changes; a change of the schema is a new one.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "responses",
        sql: include_str!("../../migrations/sqlite/0001_responses.sql"),
    },
    Migration { name: "models", sql: include_str!("../../migrations/sqlite/0002_models.sql") },
    Migration {
        name: "conversations",
        sql: include_str!("../../migrations/sqlite/0003_conversations.sql"),
    },
    Migration { name: "jobs", sql: include_str!("../../migrations/sqlite/0004_jobs.sql") },
    Migration {
        name: "sealing_keys",
        sql: include_str!("../../migrations/sqlite/0005_sealing_keys.sql"),
    },
    Migration {
        name: "idempotency",
        sql: include_str!("../../migrations/sqlite/0006_idempotency.sql"),
    },
];

const BOOKKEEPING: &str = "transom_migrations";

/// Brings the schema up to date, or changes nothing and says why.
pub(super) async fn run(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<Report, OpenError> {
    let fail = |source| OpenError::from_sqlite(path.to_owned(), source);
    sqlx::query(sql::BEGIN).execute(&mut *connection).await.map_err(fail)?;
    let report = apply(connection, path).await;
    let end = if report.is_ok() { sql::COMMIT } else { sql::ROLLBACK };
    let ended = sqlx::query(end).execute(&mut *connection).await;
    let report = report?;
    ended.map_err(fail)?;
    Ok(report)
}

async fn apply(connection: &mut SqliteConnection, path: &Path) -> Result<Report, OpenError> {
    let fail = |source| OpenError::from_sqlite(path.to_owned(), source);
    let tables: Vec<String> =
        sqlx::query_scalar(sql::TABLES).fetch_all(&mut *connection).await.map_err(fail)?;
    let from: u32 = if tables.iter().any(|table| table == BOOKKEEPING) {
        sqlx::query_scalar(sql::SCHEMA_VERSION).fetch_one(&mut *connection).await.map_err(fail)?
    } else if tables.is_empty() {
        sqlx::query(sql::CREATE_MIGRATIONS).execute(&mut *connection).await.map_err(fail)?;
        0
    } else {
        return Err(OpenError::Foreign { path: path.to_owned() });
    };
    let mut to = 0;
    for (migration, version) in MIGRATIONS.iter().zip(1_u32..) {
        to = version;
        if version > from {
            perform(connection, version, migration).await.map_err(fail)?;
        }
    }
    if from > to {
        return Err(OpenError::Newer { path: path.to_owned(), found: from, known: to });
    }
    Ok(Report { from, to })
}

async fn perform(
    connection: &mut SqliteConnection,
    version: u32,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration.sql).execute(&mut *connection).await?;
    sqlx::query(sql::RECORD_MIGRATION)
        .bind(version)
        .bind(migration.name)
        .execute(connection)
        .await?;
    tracing::info!(version, name = migration.name, "migrated the database");
    Ok(())
}
