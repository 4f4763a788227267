//! What the operator wrote, from every source, before it means anything.

use std::collections::BTreeMap;

use crate::{Origin, value::Raw};

/// A value and the place it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The text.
    pub raw: Raw,
    /// Where it stands.
    pub origin: Origin,
}

/// For every setting, the values written for it, the winning one first.
///
/// A source (flags, environment, a file in any dialect) is lowered into a draft of its own; the
/// drafts are then merged in order of precedence. A key that is not here was not written anywhere.
#[derive(Debug, Default)]
pub struct Draft {
    values: BTreeMap<&'static str, Vec<Sourced>>,
}

impl Draft {
    /// Adds a value; within one source the first one added wins.
    pub(crate) fn put(&mut self, path: &'static str, raw: Raw, origin: Origin) {
        self.values.entry(path).or_default().push(Sourced { raw, origin });
    }

    /// Puts a source of lower precedence under this one.
    pub(crate) fn merge(&mut self, lower: Self) {
        for (path, values) in lower.values {
            self.values.entry(path).or_default().extend(values);
        }
    }

    /// The winning value.
    pub(crate) fn best(&self, path: &str) -> Option<&Sourced> {
        self.all(path).first()
    }

    /// Every value written, the winning one first.
    pub(crate) fn all(&self, path: &str) -> &[Sourced] {
        self.values.get(path).map_or(&[], Vec::as_slice)
    }

    /// Forgets a setting that another one has made void.
    pub(crate) fn discard(&mut self, path: &str) {
        self.values.remove(path);
    }
}
