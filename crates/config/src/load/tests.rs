mod fleet;
mod rows;
mod rules;
mod sealing;
mod secrets;
mod show;
mod upstream;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::*;
use crate::{Colour, Online};

/// A check without `--online`.
const ASKED_NOBODY: Option<Online<'static, ()>> = None;

/// A machine made of plain strings. Everything under `/bin` is a program.
#[derive(Default, Clone)]
struct Machine {
    files: BTreeMap<PathBuf, String>,
    environment: Environment,
    rows: Vec<AdminModel>,
}

impl Files for Machine {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn is_program(&self, path: &Path) -> bool {
        self.is_file(path) && path.starts_with("/bin")
    }
}

impl Machine {
    /// With `vllm` on PATH.
    fn new() -> Self {
        Self::default().file("/bin/vllm", "").variable("PATH", "/usr/bin:/bin")
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(Path::new("/home").join(path), text.to_owned());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn row(mut self, name: &str, json: &str) -> Self {
        self.rows.push(AdminModel { name: name.to_owned(), json: json.to_owned() });
        self
    }

    /// Runs a command line, split at blanks; `''` is a blank argument.
    fn run(&self, line: &str) -> Result<Loaded, Rejection> {
        load(&self.invocation(line))
    }

    fn invocation(&self, line: &str) -> Invocation<'_> {
        let arguments = line.split_whitespace().map(|word| word.replace("''", ""));
        Invocation {
            arguments: std::iter::once("transom".to_owned()).chain(arguments).collect(),
            environment: self.environment.clone(),
            cwd: PathBuf::from("/home"),
            cores: 6,
            files: self,
            models: self.rows.clone(),
        }
    }

    fn serve(&self, line: &str) -> (GatewayConfig, Vec<String>) {
        match self.run(&format!("serve {line}")) {
            Ok(Loaded { command: Command::Serve(config), notices }) => {
                (*config, notices.iter().map(ToString::to_string).collect())
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    fn config(&self, line: &str) -> GatewayConfig {
        self.serve(line).0
    }

    fn problems(&self, line: &str) -> Vec<String> {
        match self.run(line) {
            Err(Rejection::Problems(problems)) => {
                problems.iter().map(ToString::to_string).collect()
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    fn show(&self, line: &str) -> String {
        match self.run(&format!("config show {line}")) {
            Ok(Loaded { command: Command::Show(yaml), .. }) => yaml,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn convert(&self, line: &str) -> String {
        match self.run(&format!("config convert {line}")) {
            Ok(Loaded { command: Command::Show(yaml), .. }) => yaml,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// The report of `check`, as text and as JSON.
    fn report(&self, line: &str) -> (String, String) {
        match self.run(&format!("check {line}")) {
            Ok(Loaded { command: Command::Check { report, .. }, .. }) => {
                (report.text(Colour::Off), report.json(ASKED_NOBODY).unwrap())
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

/// The notice every run without `--code-interpreter disabled` gives.
const NO_INTERPRETER: &str = "default: the code interpreter is off: it is not available yet";
