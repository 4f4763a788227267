//! Values from the environment: `os.environ/NAME`, and the file's own `environment_variables`.

use crate::{
    Origin,
    dialect::litellm::{
        lowering::{Author, Lowering},
        place::Place,
    },
    draft::Sourced,
    value::Raw,
};

/// How a value says that it is to be read from the environment.
const MARK: &str = "os.environ/";

/// A variable that the file itself sets. The environment precedes it, as in LiteLLM.
pub(super) struct Own {
    value: Sourced,
    at: Origin,
    usage: Usage,
}

/// Whether a variable of the file was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    Read,
    Unread,
}

impl Lowering<'_> {
    /// Remembers the file's `environment_variables`.
    pub(super) fn remember(&mut self, place: &Place<'_>) {
        let Some(fields) = place.fields() else {
            return self.problem(place.origin(), "must be a mapping");
        };
        for (name, value) in fields {
            if let Some(sourced) = self.secret(&value) {
                let own = Own { value: sourced, at: value.origin(), usage: Usage::Unread };
                self.own.insert(name.to_owned(), own);
            }
        }
    }

    /// Tells what became of the variables of the file.
    pub(super) fn unread(&mut self) {
        for own in std::mem::take(&mut self.own).into_values() {
            match own.usage {
                Usage::Unread => self.no_effect(own.at, "nothing here reads this variable"),
                Usage::Read => self.exact(own.at, "is read where the file names this variable"),
            }
        }
    }

    /// A variable of the environment, else of the file.
    pub(super) fn variable(&mut self, name: &str) -> Option<String> {
        let variables = self.context.variables;
        let own = self.own.get_mut(name).map(|own| {
            own.usage = Usage::Read;
            &own.value.raw
        });
        let own = match own {
            Some(Raw::Scalar(text)) => match text.strip_prefix("env:") {
                Some(other) => variables.get(other),
                None => Some(text.as_str()),
            },
            Some(Raw::List(_)) | None => None,
        };
        variables.get(name).or(own).map(str::to_owned)
    }

    /// A scalar. `os.environ/NAME` is replaced by the variable; one that is not set is told, and
    /// the value counts as absent.
    pub(super) fn text(&mut self, value: &Place<'_>) -> Option<String> {
        let Some(text) = value.spelling() else {
            if !value.is_null() {
                self.problem(value.origin(), "must be one value");
            }
            return None;
        };
        let Some(name) = text.strip_prefix(MARK) else { return Some(text) };
        if self.author == Author::Caller {
            self.problem(value.origin(), "only `api_key` may be read from a variable here");
            return None;
        }
        if let Some(set) = self.variable(name) {
            return Some(set);
        }
        let what = format!("the variable {name} is not set, so the key counts as absent");
        self.unsupported(value.origin(), what, "set it in the environment or in .env");
        None
    }

    /// A credential: as a reference where it is one, so that it is fetched only where it is used.
    pub(super) fn secret(&mut self, value: &Place<'_>) -> Option<Sourced> {
        let Some(text) = value.spelling() else {
            if !value.is_null() {
                self.problem(value.origin(), "must be one value");
            }
            return None;
        };
        match text.strip_prefix(MARK) {
            Some(name) => Some(self.named_secret(name, value.origin())),
            None if text.trim().is_empty() => None,
            None => self.literal_secret(text, value.origin()),
        }
    }

    /// The credential in a variable, which need not be set.
    pub(super) fn named_secret(&mut self, name: &str, origin: Origin) -> Sourced {
        let set = self.context.variables.get(name).is_some();
        match self.own.get_mut(name) {
            Some(own) if !set => {
                own.usage = Usage::Read;
                own.value.clone()
            }
            _ => Sourced { raw: Raw::Scalar(format!("env:{name}")), origin },
        }
    }

    /// LiteLLM takes every other text for the key itself; ours would take these two for a place.
    fn literal_secret(&mut self, text: String, origin: Origin) -> Option<Sourced> {
        if text.starts_with("env:") || text.starts_with("file:") {
            self.problem(origin, "a key that begins with `env:` or `file:` must be in a variable");
            return None;
        }
        Some(Sourced { raw: Raw::Scalar(text), origin })
    }
}
