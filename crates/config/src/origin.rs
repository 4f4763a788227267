//! Where a value came from.

use std::{fmt, sync::Arc};

/// The place a value was written, precise enough for an operator to go there and change it.
///
/// The order of the variants is the order of precedence (`design.md` decision 14): see
/// [`Origin::rank`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line as a whole, where no single flag is to blame.
    CommandLine,
    /// A flag, without its dashes.
    Flag(&'static str),
    /// What stands after `--`.
    Forwarded,
    /// A variable of the process environment.
    Variable(String),
    /// A line of `.env` in the working directory.
    DotEnv {
        /// The variable's name.
        variable: String,
        /// Counted from 1.
        line: usize,
    },
    /// A configuration file.
    File {
        /// The file as it was named on the command line.
        file: Arc<str>,
        /// Counted from 1; 0 when the whole file is meant.
        line: u64,
        /// Dotted key; empty when the file is not about one key.
        key: String,
    },
    /// A model that was added through the admin API.
    Admin {
        /// The model's name.
        model: String,
        /// Dotted key; empty when the whole model is meant.
        key: String,
    },
    /// Nobody wrote it. The text says why this default applies when it depends on something.
    Default(Option<&'static str>),
}

impl Origin {
    /// Smaller wins: command line, then either kind of environment, then files, then the admin
    /// API, then defaults.
    pub fn rank(&self) -> u8 {
        match self {
            Self::CommandLine | Self::Flag(_) | Self::Forwarded => 0,
            Self::Variable(_) | Self::DotEnv { .. } => 1,
            Self::File { .. } => 2,
            Self::Admin { .. } => 3,
            Self::Default(_) => 4,
        }
    }

    /// Where to look, without the key: `config.yaml:9`.
    pub fn place(&self) -> String {
        match self {
            Self::File { file, line: 0, .. } => file.to_string(),
            Self::File { file, line, .. } => format!("{file}:{line}"),
            other => other.to_string(),
        }
    }

    /// The file and the line, for sorting; nothing for what is not in a file.
    pub(crate) fn in_file(&self) -> Option<(&str, u64)> {
        match self {
            Self::File { file, line, .. } => Some((file, *line)),
            _ => None,
        }
    }

    /// The variable to name in `env:NAME`, when the value came from one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(variable) | Self::DotEnv { variable, .. } => Some(variable),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Forwarded => f.write_str("arguments after `--`"),
            Self::Variable(name) => f.write_str(name),
            Self::DotEnv { variable, line } => write!(f, ".env:{line} {variable}"),
            Self::File { file, line: 0, .. } => f.write_str(file),
            Self::File { file, line, key } if key.is_empty() => write!(f, "{file}:{line}"),
            Self::File { file, line, key } => write!(f, "{file}:{line} {key}"),
            Self::Admin { model, key } if model.is_empty() && key.is_empty() => {
                f.write_str("model")
            }
            Self::Admin { model, key } if model.is_empty() => f.write_str(key),
            Self::Admin { model, key } if key.is_empty() => write!(f, "admin API, {model}"),
            Self::Admin { model, key } => write!(f, "admin API, {model} {key}"),
            Self::Default(None) => f.write_str("default"),
            Self::Default(Some(reason)) => write!(f, "default: {reason}"),
        }
    }
}
