//! Where responses are kept.

use std::path::PathBuf;

use crate::{
    resolve::Resolver,
    setting::section,
    value::{Database, choice},
};

section! {
    /// The settings as written.
    pub(crate) struct Settings in "store" {
        /// Database of responses: `sqlite:///relative.db` (from the working directory),
        /// `sqlite:////absolute.db` or a path. A driver suffix such as `+aiosqlite` is ignored.
        [variable("VR_DB_PATH")]
        path: Database = default Database::usual(),
        /// Whether a response is on disk before its last event is sent (`durable`), or may be lost
        /// when the machine fails (`fast`).
        [flag("store-durability", "WHEN")]
        durability: Durability = default Durability::Durable,
    }
}

choice! {
    /// When a response is safe (`design.md` decision 7).
    pub enum Durability {
        /// Before its terminal event leaves.
        Durable = "durable",
        /// Some time after.
        Fast = "fast",
    }
}

/// Where and how responses are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The SQLite file, absolute.
    pub path: PathBuf,
    /// When a response is safe.
    pub durability: Durability,
}

impl Store {
    pub(crate) fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let written = Settings::read(resolver);
        let Database::Sqlite(file) = written.path;
        Self { path: resolver.around.cwd.join(file), durability: written.durability }
    }
}
