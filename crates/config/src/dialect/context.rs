//! What a dialect may know besides the text it lowers.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
};

use crate::{Files, Origin, Problem, problem::Findings, variables::Variables};

/// Most files that the files of one run may include together: a bound on a loop of includes.
const MOST_INCLUDES: usize = 64;

/// Whether a file whose policies cannot be applied is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policies {
    /// It is.
    Required,
    /// The rest of it is used: `--without-policies`.
    LeftOut,
}

/// What a dialect may know besides the text it lowers.
pub(crate) struct Context<'a> {
    /// The environment, for dialects that put it into values. A secret is not read here: its
    /// reference is passed on as `env:NAME`.
    pub(crate) variables: &'a Variables,
    files: &'a dyn Files,
    cwd: &'a Path,
    policies: Policies,
    includes: Cell<usize>,
}

/// A file that another one includes.
#[derive(Debug)]
pub(crate) struct Included {
    /// Its name in messages.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        files: &'a dyn Files,
        cwd: &'a Path,
        variables: &'a Variables,
        policies: Policies,
    ) -> Self {
        Self { variables, files, cwd, policies, includes: Cell::new(0) }
    }

    /// Reads a file that `file` includes under `name`, which is relative to the folder of `file`.
    /// What goes wrong is a problem of `at`, the place that includes it.
    pub(crate) fn include(
        &self,
        file: &str,
        name: &str,
        at: Origin,
        found: &mut Findings,
    ) -> Option<Included> {
        let count = self.includes.get();
        if count >= MOST_INCLUDES {
            let message = format!("more than {MOST_INCLUDES} files are included");
            found.problem(Problem::new(at, message).hint("do two files include each other?"));
            return None;
        }
        self.includes.set(count + 1);
        let path: PathBuf = Path::new(file).parent().unwrap_or(Path::new("")).join(name);
        match self.files.read(&self.cwd.join(&path)) {
            Ok(text) => Some(Included { file: path.to_string_lossy().into_owned(), text }),
            Err(error) => {
                let message = format!("{} cannot be read: {error}", path.display());
                found.problem(Problem::new(at, message));
                None
            }
        }
    }

    /// Says what becomes of a part of a file that holds policies: the file is refused, or the part
    /// is left out and the program says so for as long as it runs.
    pub(crate) fn policies(&self, at: Origin, found: &mut Findings) {
        match self.policies {
            Policies::LeftOut => found.left_out.push(at),
            Policies::Required => found.problem(
                Problem::new(at, "policies are not available yet, and none would be applied")
                    .hint("--without-policies loads the rest of the file"),
            ),
        }
    }
}
