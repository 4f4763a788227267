//! Names of models and servers.

use std::{fmt, sync::Arc};

use transom_core::model::ModelName;

use crate::value::{Invalid, Scalar};

/// Longest name, in bytes: it stands in headers, logs and metrics.
const LONGEST: usize = 256;

/// The name of a server or of a model, without a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Arc<str>);

impl Name {
    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Name {
    fn form() -> String {
        "name".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        if text.contains('*') {
            return Err(Invalid::new(format!("`{text}` is a pattern"))
                .hint("`*` stands only in the name of a model; write one name here"));
        }
        check(text).map(|()| Self(text.into()))
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Scalar for ModelName {
    fn form() -> String {
        "name or pattern".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        check(text)?;
        Self::parse(text).ok_or_else(|| {
            Invalid::new(format!("`{text}` has more than one `*`"))
                .hint("a pattern has one `*`, which matches any text")
        })
    }

    fn text(&self) -> Option<String> {
        Some(self.as_str().to_owned())
    }
}

fn check(text: &str) -> Result<(), Invalid> {
    if text.len() > LONGEST {
        return Err(Invalid::new(format!("is longer than {LONGEST} bytes")));
    }
    if text.contains(char::is_control) {
        return Err(Invalid::new("holds a control character"));
    }
    Ok(())
}
