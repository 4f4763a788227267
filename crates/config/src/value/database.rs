//! The address of the database.

use std::path::PathBuf;

use crate::value::{Invalid, Scalar};

/// A database of responses.
///
/// Written as the guides write it: `sqlite:///relative`, `sqlite:////absolute`, a driver suffix
/// (`sqlite+aiosqlite:`) accepted and ignored; a plain path is taken as SQLite too. A database in
/// memory is refused: a stored response must outlive the process (`design.md` decision 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file, relative to the working directory unless absolute.
    Sqlite(PathBuf),
}

impl Database {
    /// The guides' file.
    pub(crate) fn usual() -> Self {
        Self::Sqlite(PathBuf::from("vllm_responses.db"))
    }
}

impl Scalar for Database {
    fn form() -> String {
        "database URL".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return sqlite_file(text);
        };
        match scheme.split('+').next().unwrap_or(scheme) {
            "sqlite" => match rest.strip_prefix('/') {
                Some(file) => sqlite_file(file),
                None if rest.is_empty() => Err(in_memory()),
                None => Err(Invalid::new("a SQLite URL has three slashes before the file")
                    .hint(format!("did you mean sqlite:///{rest}?"))),
            },
            // The URL may hold a password, so it is not repeated.
            "postgresql" | "postgres" => Err(Invalid::new("PostgreSQL is not available yet")
                .hint("use sqlite:///vllm_responses.db")),
            other => Err(Invalid::new(format!("`{other}` is not a database Transom knows"))
                .hint("use sqlite:///vllm_responses.db")),
        }
    }

    fn text(&self) -> Option<String> {
        let Self::Sqlite(path) = self;
        Some(format!("sqlite:///{}", path.to_string_lossy()))
    }
}

fn sqlite_file(file: &str) -> Result<Database, Invalid> {
    if file.is_empty() || file.starts_with(":memory:") {
        return Err(in_memory());
    }
    if file.contains('?') {
        return Err(Invalid::new("options after `?` are not supported in a SQLite URL"));
    }
    Ok(Database::Sqlite(PathBuf::from(file)))
}

fn in_memory() -> Invalid {
    Invalid::new("a database in memory would lose every stored response when the program ends")
        .hint("name a file, for example sqlite:////tmp/responses.db")
}
