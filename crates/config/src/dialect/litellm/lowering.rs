//! The work in progress: the draft, what there is to say, and what becomes of keys.

use std::collections::BTreeMap;

use crate::{
    Draft, Finding, Origin, Problem, Treatment,
    dialect::{
        Context,
        litellm::{
            environment::Own,
            place::Place,
            rule::{self, Known, Rule},
        },
    },
    nearest::nearest,
    problem::Findings,
    value::{Raw, Scalar as _},
};

/// The keys of a mapping that the code of its section reads.
pub(super) type Fields<'a> = BTreeMap<&'a str, Place<'a>>;

/// The draft and what there is to say about the file.
pub(super) struct Lowering<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) found: &'a mut Findings,
    pub(super) draft: Draft,
    /// Who wrote the text.
    pub(super) author: Author,
    /// The variables that the file itself sets.
    pub(super) own: BTreeMap<String, Own>,
}

/// Who wrote the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// Someone with access to the machine: a value may be that of any variable.
    Operator,
    /// A caller of the admin API, who must not learn the values of variables.
    Caller,
}

/// What an unknown key of a mapping is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strangers {
    /// A mistake.
    Mistakes,
    /// A note of the operator, unless it looks like a known key.
    Notes,
}

/// Whether a table dealt with a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// It did.
    Done,
    /// Code has to read it.
    Not,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(context: &'a Context<'a>, found: &'a mut Findings, author: Author) -> Self {
        Self { context, found, draft: Draft::default(), author, own: BTreeMap::new() }
    }

    /// Tells that a key does what it says where no setting of ours shows it.
    pub(super) fn exact(&mut self, at: Origin, how: impl Into<String>) {
        self.found.finding(Finding::new(at, Treatment::Exact, how));
    }

    /// Tells an approximation.
    pub(super) fn approximated(&mut self, at: Origin, how: impl Into<String>) {
        self.found.finding(Finding::new(at, Treatment::Approximated, how));
    }

    /// Tells that nothing is needed.
    pub(super) fn no_effect(&mut self, at: Origin, why: impl Into<String>) {
        self.found.finding(Finding::new(at, Treatment::NoEffect, why));
    }

    /// Tells what is not done and what to do about it.
    pub(super) fn unsupported(&mut self, at: Origin, what: impl Into<String>, hint: &str) {
        self.found.finding(Finding::new(at, Treatment::Unsupported, what).hint(hint));
    }

    /// Refuses the file.
    pub(super) fn problem(&mut self, at: Origin, message: impl Into<String>) {
        self.found.problem(Problem::new(at, message));
    }

    /// Reads an entry of a list into a draft of its own.
    pub(super) fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> (T, Draft) {
        let outer = std::mem::take(&mut self.draft);
        let value = read(self);
        (value, std::mem::replace(&mut self.draft, outer))
    }

    /// The keys of a mapping that its section reads; the others are dealt with as `table` says.
    pub(super) fn fields<'p>(
        &mut self,
        place: &Place<'p>,
        table: &Known,
        strangers: Strangers,
    ) -> Fields<'p> {
        let mut read = Fields::new();
        let Some(fields) = place.fields() else {
            self.problem(place.origin(), "must be a mapping");
            return read;
        };
        for (key, value) in fields {
            if self.settle(key, &value, table, strangers) == Settled::Not && !value.is_null() {
                read.insert(key, value);
            }
        }
        read
    }

    /// Deals with a key as `table` says, unless code has to read it.
    pub(super) fn settle(
        &mut self,
        key: &str,
        value: &Place<'_>,
        table: &Known,
        strangers: Strangers,
    ) -> Settled {
        match rule::find(table, key) {
            Some(Rule::Read) => return Settled::Not,
            Some(rule) => self.apply(rule, value),
            None => self.stranger(key, value, table, strangers),
        }
        Settled::Done
    }

    fn apply(&mut self, rule: Rule, value: &Place<'_>) {
        match rule {
            Rule::Read => {}
            Rule::Same(path) => drop(self.copy(path, value)),
            Rule::Near(path, how) => {
                if self.copy(path, value).is_some() {
                    self.approximated(value.origin(), how);
                }
            }
            Rule::Told { .. } if value.is_null() => {}
            Rule::Told { treatment: Treatment::Unsupported, message, .. } if value.is_off() => {
                self.no_effect(value.origin(), format!("asks for nothing: {message}"));
            }
            Rule::Told { treatment, message, hint } => {
                let finding = Finding::new(value.origin(), treatment, message);
                self.found.finding(Finding { hint: hint.map(str::to_owned), ..finding });
            }
        }
    }

    fn stranger(&mut self, key: &str, value: &Place<'_>, table: &Known, strangers: Strangers) {
        let near = nearest(key, rule::names(table));
        if strangers == Strangers::Notes && near.is_none() {
            return self.no_effect(value.origin(), "a note of yours: nothing reads it");
        }
        let finding = Finding::new(value.origin(), Treatment::Unsupported, "is not a known key");
        let hint = near.map_or_else(
            || "check how it is spelled, or remove it".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.found.finding(finding.hint(hint));
    }

    /// Puts a scalar under one of our paths.
    pub(super) fn copy(&mut self, path: &'static str, value: &Place<'_>) -> Option<String> {
        let text = self.text(value)?;
        self.draft.put(path, Raw::Scalar(text.clone()), value.origin());
        Some(text)
    }

    /// Puts a value that follows from one of the file.
    pub(super) fn put(&mut self, path: &'static str, text: impl Into<String>, at: &Origin) {
        self.draft.put(path, Raw::Scalar(text.into()), at.clone());
    }

    /// A list of texts, or a single one, each with its place.
    pub(super) fn texts(&mut self, value: &Place<'_>) -> Vec<(String, Origin)> {
        let places = value.items().unwrap_or_else(|| vec![value.clone()]);
        let texts = places.iter().filter_map(|item| Some((self.text(item)?, item.origin())));
        texts.collect()
    }

    /// `true` or `false`; anything else is a problem.
    pub(super) fn truth(&mut self, value: &Place<'_>) -> Option<bool> {
        let text = self.text(value)?;
        let truth = bool::read(text.trim());
        truth.map_err(|invalid| self.found.problem(Problem::invalid(value.origin(), invalid))).ok()
    }
}
