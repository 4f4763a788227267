//! What goes wrong, and what SQLite's result codes mean here.
//!
//! No message carries stored content: SQLite names tables and columns, the JSON parser positions.

use std::path::PathBuf;
use std::sync::Arc;

use transom_core::port::store::StoreError;

/// Why a file could not be opened as a store. Whatever was in it, is in it still.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file does not exist and could not be created.
    #[error("database {}: the file cannot be created: {source}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file holds something else, or its first page is damaged.
    #[error("database {}: the file is not a SQLite database, or it is damaged", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file is a SQLite database with tables that this program did not make.
    #[error("database {}: the file is the database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program has written the file.
    #[error(
        "database {}: its schema has version {found}, this program knows versions up to {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// Another process held the lock for as long as the busy limit.
    #[error("database {}: another process keeps it locked", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file system cannot share memory between processes, which the write-ahead log needs.
    #[error("database {}: the file system does not support a write-ahead log", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
    },
    /// Anything else: permissions, a full disk, a device error.
    #[error("database {}: it cannot be opened: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
}

impl OpenError {
    /// What to do about it, in one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Create { .. } => {
                "create the folder, allow writing to it, or set another database path"
            }
            Self::NotADatabase { .. } => {
                "the file was left as it is: restore a backup, or set another database path"
            }
            Self::Foreign { .. } => "the file was left as it is: set another database path",
            Self::Newer { .. } => {
                "the file was left as it is: run the newer version, or restore an older backup"
            }
            Self::Locked { .. } => {
                "find the process that uses the file (`fuser FILE`) and end its transaction"
            }
            Self::NoWriteAheadLog { .. } => "put the database on a local disk",
            Self::Unusable { .. } => {
                "check the permissions of the file and its folder, and the disk"
            }
        }
    }

    pub(super) fn from_sqlite(path: PathBuf, source: sqlx::Error) -> Self {
        match result_code(&source) {
            Some(code::NOT_A_DATABASE | code::CORRUPT) => Self::NotADatabase { path, source },
            Some(code::BUSY | code::LOCKED) => Self::Locked { path, source },
            _ => Self::Unusable { path, source },
        }
    }
}

/// What the store itself finds wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("too many writes are waiting")]
    QueueFull,
    #[error("the store is closed")]
    Closed,
    #[error("the response is larger than the store accepts")]
    TurnTooLarge,
    #[error("the model's declaration is larger than the store accepts")]
    ModelTooLarge,
    #[error("the answer is larger than the store accepts")]
    AnswerTooLarge,
    #[error("what is kept of an answer is not one of the kinds written")]
    UnknownKind,
    #[error("the id is not one of those written")]
    UnknownId,
    #[error("a value is larger than any that is written")]
    ValueTooLarge,
    #[error("the status is not one of those written")]
    UnknownStatus,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::QueueFull
            | Fault::Closed
            | Fault::TurnTooLarge
            | Fault::ModelTooLarge
            | Fault::AnswerTooLarge => Self::Unavailable(Box::new(fault)),
            Fault::ValueTooLarge | Fault::UnknownStatus | Fault::UnknownKind | Fault::UnknownId => {
                Self::Damaged(Box::new(fault))
            }
        }
    }
}

/// One failure that several callers share: a transaction serves many.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Shared(Arc<sqlx::Error>);

impl Shared {
    pub(super) fn new(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }

    pub(super) fn store_error(&self) -> StoreError {
        if is_damage(&self.0) {
            StoreError::Damaged(Box::new(self.clone()))
        } else {
            StoreError::Unavailable(Box::new(self.clone()))
        }
    }

    /// Another process holds the lock.
    pub(super) fn is_locked(&self) -> bool {
        matches!(result_code(&self.0), Some(code::BUSY | code::LOCKED))
    }

    /// The change was too large for what room there is; a smaller one may fit.
    pub(super) fn is_about_size(&self) -> bool {
        matches!(result_code(&self.0), Some(code::FULL | code::TOO_BIG | code::NO_MEMORY))
    }
}

pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
        return StoreError::Duplicate;
    }
    Shared::new(error).store_error()
}

/// A row that breaks a rule of the schema. The statement is undone, the transaction stands.
pub(super) fn is_constraint(error: &sqlx::Error) -> bool {
    result_code(error) == Some(code::CONSTRAINT)
}

fn is_damage(error: &sqlx::Error) -> bool {
    let undecodable = matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_));
    undecodable || matches!(result_code(error), Some(code::CORRUPT | code::NOT_A_DATABASE))
}

/// The primary result code: the low byte of the extended one.
pub(super) fn result_code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// SQLite's primary result codes, from <https://sqlite.org/rescode.html>.
pub(super) mod code {
    pub(in crate::sqlite) const BUSY: u32 = 5;
    pub(in crate::sqlite) const LOCKED: u32 = 6;
    pub(in crate::sqlite) const NO_MEMORY: u32 = 7;
    pub(in crate::sqlite) const CORRUPT: u32 = 11;
    pub(in crate::sqlite) const FULL: u32 = 13;
    pub(in crate::sqlite) const TOO_BIG: u32 = 18;
    pub(in crate::sqlite) const CONSTRAINT: u32 = 19;
    pub(in crate::sqlite) const NOT_A_DATABASE: u32 = 26;
}
