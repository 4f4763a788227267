//! Credentials and where they are kept.

use std::path::PathBuf;

use transom_core::secret::Secret;

use crate::value::{Invalid, Scalar};

/// A credential or the place to read it from: `env:NAME`, `file:PATH`, or the text itself.
#[derive(Debug, Clone)]
pub enum SecretRef {
    /// The credential.
    Literal(Secret),
    /// A variable of the environment or of `.env`.
    Variable(String),
    /// A file holding nothing else.
    File(PathBuf),
}

impl Scalar for SecretRef {
    fn form() -> String {
        "secret".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            Some(("env" | "file", "")) => {
                Err(Invalid::new("names no variable or file").hint("write env:NAME or file:PATH"))
            }
            Some(("env", name)) => Ok(Self::Variable(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(PathBuf::from(path))),
            _ => Ok(Self::Literal(Secret::new(text.to_owned()))),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Literal(_) => None,
            Self::Variable(name) => Some(format!("env:{name}")),
            Self::File(path) => Some(format!("file:{}", path.to_string_lossy())),
        }
    }
}
