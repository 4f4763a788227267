//! The keys of a file with their places, and what is said about each of them.

use std::sync::Arc;

use serde_saphyr::Spanned;

use crate::{
    Draft, Finding, Origin, Problem, Treatment,
    nearest::nearest,
    problem::Findings,
    value::{Invalid, Raw, Value},
    yaml::{Node, Tree},
};

/// One value of a file, not null.
#[derive(Clone)]
pub(super) struct Field<'a> {
    /// Dotted key, with the index of list items: `providers.targets[0].id`.
    pub(super) path: String,
    /// Counted from 1.
    pub(super) line: u64,
    pub(super) node: &'a Node,
    spanned: &'a Spanned<Node>,
}

impl<'a> Field<'a> {
    /// The value, when it is a mapping.
    pub(super) fn as_mapping(&self) -> Option<Mapping<'a>> {
        let Node::Map(entries) = self.node else { return None };
        Some(Mapping { path: self.path.clone(), line: self.line, entries })
    }
}

/// A mapping of a file.
pub(super) struct Mapping<'a> {
    pub(super) path: String,
    pub(super) line: u64,
    entries: &'a [(Spanned<String>, Spanned<Node>)],
}

impl<'a> Mapping<'a> {
    /// The value of a key, unless it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        self.fields().find(|(known, _)| *known == key).map(|(_, field)| field)
    }

    /// Every key whose value is not null.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        let written = self.entries.iter().filter(|(_, value)| !matches!(value.value, Node::Null));
        written.map(|(key, value)| {
            let dot = if self.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{}", self.path, key.value);
            let line = key.referenced.line();
            (key.value.as_str(), Field { path, line, node: &value.value, spanned: value })
        })
    }
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// The code that reads it says so.
    Read,
    /// Always this.
    Is(Treatment, &'static str),
}

pub(super) const fn exact(message: &'static str) -> Fate {
    Fate::Is(Treatment::Exact, message)
}

pub(super) const fn approximated(message: &'static str) -> Fate {
    Fate::Is(Treatment::Approximated, message)
}

pub(super) const fn no_effect(message: &'static str) -> Fate {
    Fate::Is(Treatment::NoEffect, message)
}

pub(super) const fn unsupported(message: &'static str) -> Fate {
    Fate::Is(Treatment::Unsupported, message)
}

/// A native setting with the place in this file that it comes from.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) path: &'static str,
    text: String,
    pub(super) origin: Origin,
}

impl Setting {
    pub(super) fn new(path: &'static str, text: impl Into<String>, origin: Origin) -> Self {
        Self { path, text: text.into(), origin }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The same value as another setting.
    pub(super) fn under(&self, path: &'static str) -> Self {
        Self { path, ..self.clone() }
    }

    pub(super) fn put(&self, draft: &mut Draft) {
        draft.put(self.path, Raw::Scalar(self.text.clone()), self.origin.clone());
    }
}

/// Reads one file. Everything it finds wanting goes to the findings of the run.
pub(super) struct Reader<'a> {
    file: Arc<str>,
    tree: &'a Tree<'a>,
    pub(super) found: &'a mut Findings,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &str, tree: &'a Tree<'a>, found: &'a mut Findings) -> Self {
        Self { file: file.into(), tree, found }
    }

    /// The whole file; an empty one is an empty mapping.
    pub(super) fn root(&mut self) -> Option<Mapping<'a>> {
        let entries = match &self.tree.root.value {
            Node::Map(entries) => entries.as_slice(),
            Node::Null => &[],
            _ => {
                self.problem(
                    self.at(1, ""),
                    "must be a mapping",
                    "write one `key: value` per line",
                );
                return None;
            }
        };
        Some(Mapping { path: String::new(), line: 1, entries })
    }

    /// A value that has to be a mapping.
    pub(super) fn mapping(&mut self, field: &Field<'a>) -> Option<Mapping<'a>> {
        if let Some(mapping) = field.as_mapping() {
            return Some(mapping);
        }
        let hint = "write one `key: value` per line, indented";
        self.problem(self.place(field), "must be a mapping", hint);
        None
    }

    /// The items of a value that has to be a list.
    pub(super) fn items(&mut self, field: &Field<'a>) -> Vec<Field<'a>> {
        let Node::List(items) = field.node else {
            self.problem(self.place(field), "must be a list", "begin each item with `- `");
            return Vec::new();
        };
        let item = |(index, item): (usize, &'a Spanned<Node>)| Field {
            path: format!("{}[{index}]", field.path),
            line: item.referenced.line(),
            node: &item.value,
            spanned: item,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The mappings of a list under a key, if it is there.
    pub(super) fn mappings(&mut self, parent: &Mapping<'a>, key: &str) -> Vec<Mapping<'a>> {
        let items = parent.get(key).map(|field| self.items(&field)).unwrap_or_default();
        items.iter().filter_map(|item| self.mapping(item)).collect()
    }

    /// The mapping under a key, if it is there.
    pub(super) fn section(&mut self, parent: &Mapping<'a>, key: &str) -> Option<Mapping<'a>> {
        parent.get(key).and_then(|field| self.mapping(&field))
    }

    /// A typed value; what does not parse is a problem.
    pub(super) fn value<T: Value>(&mut self, field: &Field<'a>) -> Option<T> {
        let at = self.place(field);
        let raw = match field.node {
            Node::List(items) => items
                .iter()
                .map(|item| self.tree.spelling(item))
                .collect::<Option<_>>()
                .map(Raw::List),
            _ => self.tree.spelling(field.spanned).map(Raw::Scalar),
        };
        let Some(raw) = raw else {
            let expected = format!("must be a {}", T::form());
            self.found.problem(Problem::new(at, expected));
            return None;
        };
        match T::parse(&raw) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.found.problem(Problem::invalid(at, invalid));
                None
            }
        }
    }

    /// The text under a key; blank text is a problem.
    pub(super) fn text(&mut self, parent: &Mapping<'a>, key: &str) -> Option<String> {
        parent.get(key).and_then(|field| self.value(&field))
    }

    /// The text under a key as the native setting `path`; its meaning is checked with all others.
    pub(super) fn setting(
        &mut self,
        parent: &Mapping<'a>,
        key: &str,
        path: &'static str,
    ) -> Option<Setting> {
        let field = parent.get(key)?;
        let text = self.value::<String>(&field)?;
        Some(Setting::new(path, text, self.place(&field)))
    }

    /// Says of every key of a mapping what becomes of it; keys that are not in the table are
    /// unknown.
    pub(super) fn survey(&mut self, mapping: &Mapping<'a>, keys: &[(&'static str, Fate)]) {
        for (key, field) in mapping.fields() {
            match keys.iter().find(|(known, _)| *known == key) {
                Some((_, Fate::Is(treatment, message))) => {
                    self.say(&field, *treatment, *message);
                }
                Some((_, Fate::Read)) => {}
                None => self.unknown(&field, key, keys),
            }
        }
    }

    /// Reports a key that nobody knows.
    pub(super) fn unknown(&mut self, field: &Field<'a>, key: &str, keys: &[(&'static str, Fate)]) {
        let known = || keys.iter().map(|(known, _)| *known);
        let hint = nearest(key, known()).map_or_else(
            || format!("known here are {}", known().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = "is not a known key of this file";
        self.advise(field, Treatment::Unsupported, message, &hint);
    }

    pub(super) fn say(
        &mut self,
        field: &Field<'a>,
        treatment: Treatment,
        message: impl Into<String>,
    ) {
        let at = self.place(field);
        self.found.finding(Finding::new(at, treatment, message));
    }

    /// Like [`Reader::say`], with what to write instead.
    pub(super) fn advise(
        &mut self,
        field: &Field<'a>,
        treatment: Treatment,
        message: impl Into<String>,
        hint: &str,
    ) {
        let at = self.place(field);
        self.found.finding(Finding::new(at, treatment, message).hint(hint));
    }

    /// Like [`Reader::say`], about a setting that was read before.
    pub(super) fn said(&mut self, setting: &Setting, treatment: Treatment, message: &str) {
        self.found.finding(Finding::new(setting.origin.clone(), treatment, message));
    }

    /// Reports a word that is none of those known at this place.
    pub(super) fn no_such_word(&mut self, field: &Field<'a>, invalid: Invalid) {
        let finding = Finding::new(self.place(field), Treatment::Unsupported, invalid.message);
        self.found.finding(match invalid.hint {
            Some(hint) => finding.hint(hint),
            None => finding,
        });
    }

    pub(super) fn problem(&mut self, at: Origin, message: impl Into<String>, hint: &str) {
        self.found.problem(Problem::new(at, message).hint(hint));
    }

    pub(super) fn place(&self, field: &Field<'a>) -> Origin {
        self.at(field.line, &field.path)
    }

    pub(super) fn at(&self, line: u64, key: &str) -> Origin {
        Origin::File { file: Arc::clone(&self.file), line, key: key.to_owned() }
    }
}
