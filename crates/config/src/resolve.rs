//! From the merged draft to typed values, noting what came from where.

use std::path::{Path, PathBuf};

use transom_core::secret::Secret;

use crate::{
    Origin, Problem,
    draft::Draft,
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
    pub effective: Vec<Effective>,
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
                self.settle(path, &value, origin);
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
        let named = || origin.variable().map(|name| Raw::Scalar(format!("env:{name}")));
        let raw = value.render().or_else(named);
        self.effective.push(Effective { path, raw, origin });
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

    /// Fetches a credential from where it is kept.
    pub(crate) fn secret(&mut self, path: &str, reference: SecretRef) -> Option<Secret> {
        let found = match reference {
            SecretRef::Literal(secret) => Ok(secret),
            SecretRef::Variable(name) => match self.around.variables.get(&name) {
                Some(value) => Ok(Secret::new(value.trim().to_owned())),
                None => Err(format!("the variable {name} is not set")),
            },
            SecretRef::File(file) => match self.around.files.read(&self.around.cwd.join(&file)) {
                Ok(text) => Ok(Secret::new(text.trim().to_owned())),
                Err(error) => Err(format!("cannot read {}: {error}", file.display())),
            },
        };
        let found = found.and_then(|secret| {
            let text = secret.expose();
            let sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
            if sendable { Ok(secret) } else { Err("is empty or not printable ASCII".to_owned()) }
        });
        found.map_err(|message| self.problem(Problem::new(self.origin(path), message))).ok()
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
