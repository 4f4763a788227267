//! Sealing keys in the same file.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use transom_core::clock::Timestamp;
use transom_core::port::models::Expect;
use transom_core::port::sealing::{SealingKeyList, SealingKeyRow, SealingKeyStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;
use transom_core::secret::Secret;

use super::SqliteStore;
use super::error::store_error;
use super::write::Change;

/// The revision stands on every row, and alone where there is none.
const LIST: &str = "
SELECT revisions.value AS revision, keys.id AS id, keys.secret AS secret,
       keys.created_at AS created_at,
       keys.org_id AS org_id, keys.team_id AS team_id, keys.key_id AS key_id
FROM revisions LEFT JOIN sealing_keys AS keys ON TRUE
WHERE revisions.name = 'sealing_keys' ORDER BY keys.created_at DESC, keys.id";

const REVISION: &str = "SELECT value FROM revisions WHERE name = 'sealing_keys'";

/// `?7`: the revision at which alone it is written; NULL for any.
const INSERT: &str = "
INSERT INTO sealing_keys (id, org_id, team_id, key_id, created_at, secret)
SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE ?7 IS NULL OR ?7 = (SELECT value FROM revisions WHERE name = 'sealing_keys')
ON CONFLICT (id) DO NOTHING";

const DELETE: &str = "DELETE FROM sealing_keys WHERE id = ?1";

#[async_trait]
impl SealingKeyStore for SqliteStore {
    async fn keys(&self) -> Result<SealingKeyList, StoreError> {
        let found: Vec<Row> =
            sqlx::query_as(LIST).fetch_all(&self.readers).await.map_err(store_error)?;
        let revision = found.first().map(|row| row.revision).unwrap_or_default();
        Ok(SealingKeyList { revision, rows: found.into_iter().filter_map(Row::key).collect() })
    }

    async fn add_key(&self, row: SealingKeyRow, expect: Expect) -> Result<bool, StoreError> {
        let maker = row.created_by.clone();
        self.writer.submit(&maker, Change::AddSealingKey(Box::new(row), expect)).await
    }

    async fn remove_key(&self, id: &str) -> Result<bool, StoreError> {
        self.writer.submit(&Scope::local(), Change::RemoveSealingKey(id.to_owned())).await
    }

    async fn keys_revision(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar(REVISION).fetch_one(&self.readers).await.map_err(store_error)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    revision: i64,
    id: Option<String>,
    secret: Option<String>,
    created_at: Option<i64>,
    org_id: Option<String>,
    team_id: Option<String>,
    key_id: Option<String>,
}

impl Row {
    /// `None` on the one row of an empty table.
    fn key(self) -> Option<SealingKeyRow> {
        let owner = |id: Option<String>| Arc::from(id.unwrap_or_default());
        Some(SealingKeyRow {
            id: self.id?,
            secret: Secret::new(self.secret.unwrap_or_default()),
            created_at: Timestamp::from_millis(self.created_at.unwrap_or_default()),
            created_by: Scope {
                org: owner(self.org_id),
                team: owner(self.team_id),
                key: owner(self.key_id),
            },
        })
    }
}

/// Within the writer's transaction.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    maker: &Scope,
    row: &SealingKeyRow,
    expect: Expect,
) -> Result<bool, sqlx::Error> {
    let revision = match expect {
        // No key is ever written over.
        Expect::Anything | Expect::Absent => None,
        Expect::Revision(revision) => Some(revision),
    };
    let done = sqlx::query(INSERT)
        .bind(&*row.id)
        .bind(&*maker.org)
        .bind(&*maker.team)
        .bind(&*maker.key)
        .bind(row.created_at.millis())
        .bind(row.secret.expose())
        .bind(revision)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Within the writer's transaction.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(DELETE).bind(id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}
