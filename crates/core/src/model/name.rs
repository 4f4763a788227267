//! Names of models, and patterns of names.

use std::fmt;
use std::sync::Arc;

/// A name that clients ask for: as it stands, or with one `*` that matches any text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelName(Arc<str>);

impl ModelName {
    /// Reads a name. `None` when it is empty or has more than one `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let stars = text.bytes().filter(|byte| *byte == b'*').count();
        (!text.is_empty() && stars <= 1).then(|| Self(Arc::from(text)))
    }

    /// The name, or the pattern, as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Whether it is a pattern.
    pub fn is_pattern(&self) -> bool {
        self.0.contains('*')
    }

    /// What the `*` of a pattern stands for in `asked`; for a plain name, the empty text when it
    /// is the name. `None`: no match.
    pub fn matched<'a>(&self, asked: &'a str) -> Option<&'a str> {
        match self.0.split_once('*') {
            None => (asked == &*self.0).then_some(""),
            Some((before, after)) => asked.strip_prefix(before)?.strip_suffix(after),
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A model's name at its server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamName {
    /// The name the client asked for.
    AsAsked,
    /// This name. A `*` in it stands for what the `*` of the model's pattern matched.
    Named(Arc<str>),
}

impl UpstreamName {
    /// The name to send for a request that asked for `asked`, of which the model's pattern left
    /// `matched` open.
    pub fn resolve(&self, asked: &Arc<str>, matched: &str) -> Arc<str> {
        match self {
            Self::AsAsked => Arc::clone(asked),
            Self::Named(name) if name.contains('*') => Arc::from(name.replacen('*', matched, 1)),
            Self::Named(name) => Arc::clone(name),
        }
    }

    /// What clients write to get `served`, a name of the server, when the model's name is
    /// `pattern`; `None` when no name of that pattern leads there.
    pub fn asked_for(&self, served: &Arc<str>, pattern: &ModelName) -> Option<Arc<str>> {
        match self {
            Self::AsAsked => pattern.matched(served).map(|_| Arc::clone(served)),
            Self::Named(name) => {
                let (before, after) = name.split_once('*')?;
                let matched = served.strip_prefix(before)?.strip_suffix(after)?;
                Some(Arc::from(pattern.as_str().replacen('*', matched, 1)))
            }
        }
    }

    /// The one name that its server has to know; `None` when it depends on the request.
    pub fn fixed(&self) -> Option<&Arc<str>> {
        match self {
            Self::Named(name) if !name.contains('*') => Some(name),
            Self::AsAsked | Self::Named(_) => None,
        }
    }
}
