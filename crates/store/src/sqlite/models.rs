//! Models in the same file.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use std::path::Path;
use std::sync::Arc;
use transom_core::clock::Timestamp;
use transom_core::port::models::{Expect, ModelList, ModelRow, ModelStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;

use super::SqliteStore;
use super::error::store_error;
use super::open;
use super::read::json;
use super::write::Change;

/// The revision stands on every row, and alone where there is none.
const LIST: &str = "
SELECT revisions.value AS revision, models.name AS name, models.json AS json,
       models.created_at AS created_at, models.updated_at AS updated_at,
       models.org_id AS org_id, models.team_id AS team_id, models.key_id AS key_id
FROM revisions LEFT JOIN models ON TRUE
WHERE revisions.name = 'models' ORDER BY models.name";

const TABLE: &str = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'models'";

pub(super) const REVISION: &str = "SELECT value FROM revisions WHERE name = 'models'";

const INSERT: &str = "
INSERT INTO models (name, org_id, team_id, key_id, created_at, updated_at, json)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO NOTHING";

/// `?8`: the revision at which alone it is written; NULL for any.
const REPLACE: &str = "
INSERT INTO models (name, org_id, team_id, key_id, created_at, updated_at, json)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
WHERE ?8 IS NULL OR ?8 = (SELECT value FROM revisions WHERE name = 'models')
ON CONFLICT (name) DO UPDATE SET
    org_id = excluded.org_id, team_id = excluded.team_id, key_id = excluded.key_id,
    updated_at = excluded.updated_at, json = excluded.json";

const DELETE: &str = "DELETE FROM models WHERE name = ?1";

#[async_trait]
impl ModelStore for SqliteStore {
    async fn list(&self) -> Result<ModelList, StoreError> {
        let found: Vec<Row> =
            sqlx::query_as(LIST).fetch_all(&self.readers).await.map_err(store_error)?;
        let revision = found.first().map(|row| row.revision).unwrap_or_default();
        let rows = found.into_iter().filter_map(|row| row.model().transpose());
        Ok(ModelList { revision, rows: rows.collect::<Result<_, _>>()? })
    }

    async fn put(&self, row: ModelRow, expect: Expect) -> Result<bool, StoreError> {
        let writer = row.updated_by.clone();
        self.writer.submit(&writer, Change::PutModel(Box::new(row), expect)).await
    }

    async fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.writer.submit(&Scope::local(), Change::RemoveModel(name.to_owned())).await
    }

    async fn revision(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar(REVISION).fetch_one(&self.readers).await.map_err(store_error)
    }
}

/// The models in a file, which is neither created nor migrated: none where there is no file, or
/// where it is from a time before there were any.
pub async fn models_in(path: &Path) -> Result<Vec<ModelRow>, StoreError> {
    // An absolute path: SQLite gives names like `file:…` and `:memory:` a meaning.
    let Ok(path) = std::path::absolute(path) else { return Ok(Vec::new()) };
    if !tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Ok(Vec::new());
    }
    let mut connection = open::look(&path).await.map_err(store_error)?;
    let tables: i64 =
        sqlx::query_scalar(TABLE).fetch_one(&mut connection).await.map_err(store_error)?;
    if tables == 0 {
        return Ok(Vec::new());
    }
    let found: Vec<Row> =
        sqlx::query_as(LIST).fetch_all(&mut connection).await.map_err(store_error)?;
    found.into_iter().filter_map(|row| row.model().transpose()).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    revision: i64,
    name: Option<String>,
    json: Option<String>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    org_id: Option<String>,
    team_id: Option<String>,
    key_id: Option<String>,
}

impl Row {
    /// `None` on the one row of an empty table.
    fn model(self) -> Result<Option<ModelRow>, StoreError> {
        let Some(name) = self.name else { return Ok(None) };
        let owner = |id: Option<String>| Arc::from(id.unwrap_or_default());
        Ok(Some(ModelRow {
            name,
            json: json(self.json.unwrap_or_default())?,
            created_at: Timestamp::from_millis(self.created_at.unwrap_or_default()),
            updated_at: Timestamp::from_millis(self.updated_at.unwrap_or_default()),
            updated_by: Scope {
                org: owner(self.org_id),
                team: owner(self.team_id),
                key: owner(self.key_id),
            },
        }))
    }
}

/// Within the writer's transaction.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    writer: &Scope,
    row: &ModelRow,
    expect: Expect,
) -> Result<bool, sqlx::Error> {
    let statement = match expect {
        Expect::Absent => INSERT,
        Expect::Anything | Expect::Revision(_) => REPLACE,
    };
    let query = sqlx::query(statement)
        .bind(&*row.name)
        .bind(&*writer.org)
        .bind(&*writer.team)
        .bind(&*writer.key)
        .bind(row.created_at.millis())
        .bind(row.updated_at.millis())
        .bind(row.json.get());
    let query = match expect {
        Expect::Absent => query,
        Expect::Anything => query.bind(None::<i64>),
        Expect::Revision(revision) => query.bind(revision),
    };
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

/// Within the writer's transaction.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(DELETE).bind(name).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}
