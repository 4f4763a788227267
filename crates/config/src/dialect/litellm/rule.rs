//! What becomes of a key, as a table says it: one row for each key that LiteLLM documents.

use crate::Treatment;

/// Rows of a table: the key and what becomes of it.
pub(super) type Known = [(&'static str, Rule)];

/// What becomes of a key.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// The code of its section reads it.
    Read,
    /// It is a setting of ours under another name.
    Same(&'static str),
    /// It comes near to a setting of ours; the text says how they differ.
    Near(&'static str, &'static str),
    /// It is not read; the text says why that does no harm, or what is missing.
    Told {
        /// No effect, or unsupported.
        treatment: Treatment,
        /// Why.
        message: &'static str,
        /// What to write instead.
        hint: Option<&'static str>,
    },
}

/// A key that needs nothing here.
pub(super) const fn idle(why: &'static str) -> Rule {
    Rule::Told { treatment: Treatment::NoEffect, message: why, hint: None }
}

/// A function that does not exist here, and what to do without it.
#[derive(Clone, Copy)]
pub(super) struct Lack {
    /// What is missing.
    pub(super) what: &'static str,
    hint: &'static str,
}

/// A function that does not exist here.
pub(super) const fn lack(what: &'static str, hint: &'static str) -> Lack {
    Lack { what, hint }
}

/// A key of a function that does not exist here.
pub(super) const fn missing(lack: Lack) -> Rule {
    instead(lack.what, lack.hint)
}

/// A key whose function does not exist here, and what to do instead.
pub(super) const fn instead(what: &'static str, hint: &'static str) -> Rule {
    Rule::Told { treatment: Treatment::Unsupported, message: what, hint: Some(hint) }
}

/// Finds a key: by its name, or by a name with a `*` at its beginning or its end.
pub(super) fn find(table: &Known, key: &str) -> Option<Rule> {
    let plain = table.iter().find(|(name, _)| *name == key);
    let pattern = || table.iter().find(|(name, _)| covers(name, key));
    plain.or_else(pattern).map(|(_, rule)| *rule)
}

fn covers(pattern: &str, key: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => key.starts_with(start),
        (None, Some(end)) => key.ends_with(end),
        (None, None) => false,
    }
}

/// The names a mistyped key may have meant.
pub(super) fn names(table: &Known) -> impl Iterator<Item = &'static str> {
    table.iter().map(|(name, _)| *name).filter(|name| !name.contains('*'))
}
