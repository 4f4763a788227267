//! Plain texts, names and switches.

use std::path::PathBuf;

use crate::value::{Invalid, Scalar};

/// Routes that the metrics page must not cover.
const TAKEN: [&str; 9] = [
    "/health",
    "/health/liveliness",
    "/health/liveness",
    "/health/readiness",
    "/model/info",
    "/readyz",
    "/rerank",
    "/score",
    "/v2/rerank",
];

impl Scalar for String {
    fn form() -> String {
        "text".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        Ok(text.to_owned())
    }

    fn text(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Scalar for PathBuf {
    fn form() -> String {
        "path".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        Ok(Self::from(text))
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string_lossy().into_owned())
    }
}

/// The spellings are those of `vllm-responses.md` section 1.1, in any case.
impl Scalar for bool {
    fn form() -> String {
        "true or false".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
            _ => Err(Invalid::new(format!("`{text}` is not true or false"))
                .hint("write 1 true t yes y on, or 0 false f no n off")),
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// The name of a request field: letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(String);

impl FieldName {
    /// The name as it stands in a request body.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for FieldName {
    fn form() -> String {
        "field name".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(format!("`{text}` is not the name of a request field")))
    }

    fn text(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// The path of the metrics page: starts with `/` and collides with no route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsRoute(String);

impl MetricsRoute {
    /// The guides' `/metrics`.
    pub fn usual() -> Self {
        Self("/metrics".to_owned())
    }

    /// The path with its leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for MetricsRoute {
    fn form() -> String {
        "path starting with `/`".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
        if text.len() < 2 || !text.starts_with('/') || !text.bytes().all(plain) {
            return Err(Invalid::new(format!("`{text}` is not a path"))
                .hint("start with `/`; letters, digits and `-_./` may follow"));
        }
        let taken = text == "/v1" || text.starts_with("/v1/") || TAKEN.contains(&text);
        if taken {
            return Err(Invalid::new(format!("`{text}` is a route of the API")));
        }
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> Option<String> {
        Some(self.0.clone())
    }
}
