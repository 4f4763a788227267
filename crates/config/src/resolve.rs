//! From the merged draft to typed values, noting what came from where.

use std::path::{Path, PathBuf};

use transom_core::secret::Secret;

use crate::{
    Origin, Problem,
    draft::{Draft, Entry},
    files::Files,
    problem::Findings,
    value::{Raw, SecretRef, Value},
    variables::Variables,
};

/// A value in effect, for `transom config show`.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub path: &'static str,
    /// `None` for a credential that cannot be named, only possessed.
    pub raw: Option<Raw>,
    pub origin: Origin,
    pub authority: Authority,
}

/// Who decided a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A source: an operator, or a dialect on behalf of the file.
    Source,
    /// This crate, for want of a source.
    Default,
}

/// What is in effect: plain settings, and entries of lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    pub values: Vec<Effective>,
    pub entries: Vec<Listed>,
}

/// An entry of a list, in effect.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub list: &'static str,
    pub origin: Origin,
    pub shown: Shown,
}

/// The machine around the program. A parameter, so that tests bring their own.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub files: &'a dyn Files,
    pub variables: &'a Variables,
    pub cwd: &'a Path,
    pub cores: usize,
}

/// Reads settings out of a draft. A value that does not parse is noted as a problem and replaced
/// by its default, so that every problem is found in one run.
pub(crate) struct Resolver<'a> {
    pub draft: Draft,
    pub findings: Findings,
    pub shown: Shown,
    pub around: Surroundings<'a>,
}

impl Resolver<'_> {
    /// A setting with a default.
    pub(crate) fn value<T: Value>(&mut self, path: &'static str, default: T) -> T {
        if let Some(value) = self.optional(path) {
            return value;
        }
        self.settle(path, &default, Origin::Default(None));
        default
    }

    /// A setting that may be absent.
    pub(crate) fn optional<T: Value>(&mut self, path: &'static str) -> Option<T> {
        let sourced = self.draft.best(path)?;
        let origin = sourced.origin.clone();
        match T::parse(&sourced.raw) {
            Ok(value) => {
                self.note(path, &value, origin, Authority::Source);
                Some(value)
            }
            Err(invalid) => {
                self.problem(Problem::invalid(origin, invalid));
                None
            }
        }
    }

    /// Notes a value in effect; also for defaults that depend on other settings.
    pub(crate) fn settle<T: Value>(&mut self, path: &'static str, value: &T, origin: Origin) {
        self.note(path, value, origin, Authority::Default);
    }

    fn note<T: Value>(&mut self, path: &'static str, value: &T, at: Origin, authority: Authority) {
        let named = || at.variable().map(|name| Raw::Scalar(format!("env:{name}")));
        let raw = value.render().or_else(named);
        self.shown.values.push(Effective { path, raw, origin: at, authority });
    }

    /// A setting of an entry that has the value of another setting, `from`, unless it has its own.
    pub(crate) fn inherit<T: Value>(
        &mut self,
        path: &'static str,
        own: Option<T>,
        usual: T,
        from: &'static str,
    ) -> T {
        own.unwrap_or_else(|| {
            self.settle(path, &usual, Origin::Default(Some(from)));
            usual
        })
    }

    /// A setting that an entry must have. That it is missing is a problem, unless one was noted
    /// already because it does not parse.
    pub(crate) fn required<T>(&mut self, path: &str, value: Option<T>, at: &Origin) -> Option<T> {
        if value.is_none() && self.draft.best(path).is_none() {
            let key = path.rsplit('.').next().unwrap_or(path);
            self.problem(Problem::new(at.clone(), format!("has no `{key}`")));
        }
        value
    }

    /// Reads an entry of a list with its own settings; what is in effect in it is handed back.
    pub(crate) fn within<T>(
        &mut self,
        list: &'static str,
        entry: &Entry,
        read: impl FnOnce(&mut Self, &Origin) -> T,
    ) -> (T, Listed) {
        let draft = std::mem::replace(&mut self.draft, entry.draft.clone());
        let shown = std::mem::take(&mut self.shown);
        let value = read(self, &entry.origin);
        self.draft = draft;
        let shown = std::mem::replace(&mut self.shown, shown);
        (value, Listed { list, origin: entry.origin.clone(), shown })
    }

    /// Where the winning value of a setting was written.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        self.draft.best(path).map_or(Origin::Default(None), |sourced| sourced.origin.clone())
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        self.findings.problem(problem);
    }

    /// Refuses a function that does not exist yet, naming what turned it on.
    pub(crate) fn not_yet(&mut self, path: &str, what: &str, hint: &str) {
        let origin = self.origin(path);
        self.problem(Problem::new(origin, format!("{what} is not available yet")).hint(hint));
    }

    /// Fetches a credential from where it is kept; that it is not there is a problem.
    pub(crate) fn secret(&mut self, path: &str, reference: &SecretRef) -> Option<Secret> {
        let found = self.fetch(reference);
        found.map_err(|message| self.problem(Problem::new(self.origin(path), message))).ok()
    }

    /// Fetches a credential from where it is kept, or says why it is not there.
    pub(crate) fn fetch(&self, reference: &SecretRef) -> Result<Secret, String> {
        let found = match reference {
            SecretRef::Literal(secret) => Ok(secret.clone()),
            SecretRef::Variable(name) => match self.around.variables.get(name) {
                Some(value) => Ok(Secret::new(value.trim().to_owned())),
                None => Err(format!("the variable {name} is not set")),
            },
            SecretRef::File(file) => match self.around.files.read(&self.around.cwd.join(file)) {
                Ok(text) => Ok(Secret::new(text.trim().to_owned())),
                Err(error) => Err(format!("cannot read {}: {error}", file.display())),
            },
        };
        found.and_then(|secret| {
            let text = secret.expose();
            let sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
            if sendable {
                Ok(secret)
            } else {
                Err("the key is empty or not printable ASCII".to_owned())
            }
        })
    }

    /// An existing file, made absolute.
    pub(crate) fn file(&mut self, path: &str, file: &Path) -> PathBuf {
        let absolute = self.around.cwd.join(file);
        if !self.around.files.is_file(&absolute) {
            let message = format!("{} is not a file", file.display());
            self.problem(Problem::new(self.origin(path), message));
        }
        absolute
    }
}
