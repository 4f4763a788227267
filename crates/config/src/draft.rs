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
///
/// Lists of things (backends, models) are entries: each is a draft of its own, whose settings have
/// paths like `models[].name`.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    values: BTreeMap<&'static str, Vec<Sourced>>,
    entries: BTreeMap<&'static str, Vec<Entry>>,
}

/// One entry of a list.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where it begins.
    pub(crate) origin: Origin,
    /// Its settings, and its own lists.
    pub(crate) draft: Draft,
}

impl Draft {
    /// Adds a value; within one source the first one added wins.
    pub(crate) fn put(&mut self, path: &'static str, raw: Raw, origin: Origin) {
        let all = self.values.entry(path).or_default();
        all.push(Sourced { raw, origin });
        all.sort_by_key(|value| value.origin.rank());
    }

    /// Adds a value that only a default of another program stands behind: whatever anybody wrote
    /// anywhere wins over it.
    pub(crate) fn suggest(&mut self, path: &'static str, raw: Raw, reason: &'static str) {
        self.put(path, raw, Origin::Default(Some(reason)));
    }

    /// Puts a source of lower precedence under this one.
    pub(crate) fn merge(&mut self, lower: Self) {
        for (path, values) in lower.values {
            let all = self.values.entry(path).or_default();
            all.extend(values);
            all.sort_by_key(|value| value.origin.rank());
        }
        for (list, entries) in lower.entries {
            self.entries.entry(list).or_default().extend(entries);
        }
    }

    /// Adds an entry to a list, behind those that are there.
    pub(crate) fn push(&mut self, list: &'static str, entry: Entry) {
        self.entries.entry(list).or_default().push(entry);
    }

    /// The entries of a list, those of the winning source first.
    pub(crate) fn entries(&self, list: &str) -> &[Entry] {
        self.entries.get(list).map_or(&[], Vec::as_slice)
    }

    /// Takes all lists out, into a draft of their own.
    pub(crate) fn take_lists(&mut self) -> Self {
        Self { values: BTreeMap::new(), entries: std::mem::take(&mut self.entries) }
    }

    /// The winning value.
    pub(crate) fn best(&self, path: &str) -> Option<&Sourced> {
        self.all(path).first()
    }

    /// Every value written, the winning one first.
    pub(crate) fn all(&self, path: &str) -> &[Sourced] {
        self.values.get(path).map_or(&[], Vec::as_slice)
    }

    /// Every value with its path, those of the lists included.
    pub(crate) fn written(&self) -> Vec<(&'static str, &Sourced)> {
        let values = self.values.iter();
        let mut all: Vec<_> =
            values.flat_map(|(path, all)| all.iter().map(|value| (*path, value))).collect();
        let entries = self.entries.values().flatten();
        all.extend(entries.flat_map(|entry| entry.draft.written()));
        all
    }

    /// Forgets a setting that another one has made void.
    pub(crate) fn discard(&mut self, path: &str) {
        self.values.remove(path);
    }
}
