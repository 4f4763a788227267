//! What to run.

use std::{ffi::OsString, path::PathBuf};

/// A program to supervise.
///
/// Its standard input is `/dev/null`; its output goes to the supervisor's
/// [`LineSink`](crate::LineSink). It runs in the working directory of the supervisor.
#[derive(Debug, Clone)]
pub struct ChildSpec {
    /// The name before each line of output, in log lines and of the output thread.
    pub name: String,
    /// The program: a path, or a name looked up in the program's own `PATH`.
    pub program: OsString,
    /// Its arguments, without the program itself.
    pub arguments: Vec<OsString>,
    /// Variables set on top of the supervisor's environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Variables of the supervisor's environment that the program must not see; applied after
    /// [`environment`](Self::environment).
    pub hidden_environment: Vec<OsString>,
    /// An executable whose `main` hands over to [`keeper::run`](crate::keeper::run): normally
    /// `/proc/self/exe`, which works even after the file was replaced by an upgrade.
    pub keeper: PathBuf,
}

impl ChildSpec {
    /// A spec with no arguments and the supervisor's environment, kept by this very executable.
    pub fn new(name: impl Into<String>, program: impl Into<OsString>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            hidden_environment: Vec::new(),
            keeper: PathBuf::from(crate::keeper::SELF),
        }
    }
}
