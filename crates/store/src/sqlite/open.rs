//! From a path to connections.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use tokio::time::Instant;

use super::config::{Durability, StoreConfig};
use super::error::OpenError;
use super::migrate::{self, Report};
use super::sql;

/// Connections for reading; each has a thread.
const READERS: u32 = 4;

/// Rows that a read fetches ahead of its consumer.
const ROW_BUFFER: usize = 256;

/// The size of a page in a new file: SQLite's own default, named because a size limit counts pages.
const PAGE_BYTES: u32 = 4096;

/// The pause between two attempts to switch a file to the write-ahead log: for this lock alone
/// SQLite does not wait by itself.
const SWITCH_PAUSE: Duration = Duration::from_millis(10);

/// Only the owner of the process may read what people said.
const FILE_MODE: u32 = 0o600;

/// Creates or migrates the file without serving it.
pub async fn migrate(path: &Path) -> Result<Report, OpenError> {
    let config = StoreConfig::new(path);
    let path = create(path).await?;
    let (connection, report) = prepare(&config, &path).await?;
    // What had to be written has been committed; closing can only fail to tidy up.
    let _ = connection.close().await;
    Ok(report)
}

/// A connection that only reads a file which is there, and leaves its schema as it is.
pub(super) async fn look(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let config = StoreConfig::new(path);
    plain(&config, path).pragma("query_only", "ON").connect().await
}

/// The readers, the writer's connection, and how to open that one again.
pub(super) async fn connect(
    config: &StoreConfig,
) -> Result<(SqlitePool, SqliteConnection, SqliteConnectOptions), OpenError> {
    let path = create(&config.path).await?;
    let (first, _) = prepare(config, &path).await?;
    let fail = |source| OpenError::from_sqlite(path.clone(), source);
    let writing = writing(config, &path);
    let writer = writing.connect().await.map_err(fail)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(config.busy_limit)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(plain(config, &path).pragma("query_only", "ON"))
        .await
        .map_err(fail)?;
    // Last, so that the log is never without a user and need not be made twice.
    let _ = first.close().await;
    Ok((readers, writer, writing))
}

/// Makes sure there is a file, and that a new one is private; SQLite gives the files beside it the
/// same mode. The result is absolute: SQLite gives names like `file:…` and `:memory:` a meaning.
async fn create(path: &Path) -> Result<PathBuf, OpenError> {
    let fail = |source| OpenError::Create { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(fail)?;
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    match options.open(&absolute).await {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(fail(error)),
        _ => Ok(absolute),
    }
}

/// Looks before it touches: the switch to the write-ahead log would change a foreign file.
async fn prepare(
    config: &StoreConfig,
    path: &Path,
) -> Result<(SqliteConnection, Report), OpenError> {
    let fail = |source| OpenError::from_sqlite(path.to_owned(), source);
    let mut connection = plain(config, path).connect().await.map_err(fail)?;
    let report = migrate::run(&mut connection, path).await?;
    switch_to_log(&mut connection, config.busy_limit, path).await?;
    Ok((connection, report))
}

async fn switch_to_log(
    connection: &mut SqliteConnection,
    limit: Duration,
    path: &Path,
) -> Result<(), OpenError> {
    let deadline = Instant::now() + limit;
    loop {
        let mode: Result<String, sqlx::Error> =
            sqlx::query_scalar(sql::WRITE_AHEAD_LOG).fetch_one(&mut *connection).await;
        let error = match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(OpenError::NoWriteAheadLog { path: path.to_owned() }),
            Err(error) => OpenError::from_sqlite(path.to_owned(), error),
        };
        if !matches!(error, OpenError::Locked { .. }) || Instant::now() >= deadline {
            return Err(error);
        }
        tokio::time::sleep(SWITCH_PAUSE).await;
    }
}

fn plain(config: &StoreConfig, path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .page_size(PAGE_BYTES)
        .busy_timeout(config.busy_limit)
        .foreign_keys(true)
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging()
}

fn writing(config: &StoreConfig, path: &Path) -> SqliteConnectOptions {
    let synchronous = match config.durability {
        Durability::Durable => SqliteSynchronous::Full,
        Durability::Fast => SqliteSynchronous::Normal,
    };
    // What is deleted is overwritten, not merely forgotten.
    let options = plain(config, path).synchronous(synchronous).pragma("secure_delete", "ON");
    match config.max_bytes {
        Some(bytes) => {
            options.pragma("max_page_count", (bytes / u64::from(PAGE_BYTES)).to_string())
        }
        None => options,
    }
}
