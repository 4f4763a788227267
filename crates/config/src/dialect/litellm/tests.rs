mod entries;
mod every_key;
mod guide;
mod includes;
mod sections;

use std::{collections::BTreeMap, io, path::Path, path::PathBuf};

use transom_core::fleet::Fleet;

use super::*;
use crate::{
    Command, Environment, Files, Invocation, Loaded, Rejection, Treatment,
    dialect::{self, Policies},
    load, section,
    value::Raw,
    variables::Variables,
};

const GUIDE: &str = include_str!("tests/guide-004.yaml");

/// A folder of files, and an environment.
#[derive(Default)]
struct Machine {
    files: BTreeMap<PathBuf, String>,
    environment: Environment,
}

impl Files for Machine {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn is_program(&self, _path: &Path) -> bool {
        false
    }
}

impl Machine {
    fn file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(Path::new("/home").join(name), text.to_owned());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn lower(&self, text: &str) -> Lowered {
        let mut found = Findings::default();
        let variables = Variables::new(&self.environment, None, &mut found);
        let context = Context::new(self, Path::new("/home"), &variables, Policies::Required);
        let tree = dialect::parse("c.yaml", text, &mut found).unwrap();
        assert!(recognises(&tree), "{text}");
        let draft = super::lower("c.yaml", &tree, &context, &mut found);
        Lowered { draft, found }
    }
}

impl Machine {
    /// Serves `c.yaml`; the fleet and the notices, or the problems.
    fn serve(&self, flags: &str) -> Result<(Fleet, Vec<String>), Vec<String>> {
        let line = format!("transom serve --config c.yaml {flags}");
        let invocation = Invocation {
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            environment: self.environment.clone(),
            cwd: PathBuf::from("/home"),
            cores: 1,
            files: self,
            models: Vec::new(),
        };
        match load(&invocation) {
            Ok(Loaded { command: Command::Serve(config), notices }) => {
                Ok((config.fleet, notices.iter().map(ToString::to_string).collect()))
            }
            Err(Rejection::Problems(problems)) => {
                Err(problems.iter().map(ToString::to_string).collect())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What became of a file.
struct Lowered {
    draft: Draft,
    found: Findings,
}

impl Lowered {
    /// What would have been written in native words, a line for each value with the line it comes
    /// from, lists below their entry.
    fn native(&self) -> Vec<String> {
        let mut lines = Vec::new();
        native(&self.draft, "", &mut lines);
        lines
    }

    /// The lines of [`Self::native`] that hold one of the words.
    fn native_of(&self, words: &[&str]) -> Vec<String> {
        let all = self.native().into_iter();
        all.filter(|line| words.iter().any(|word| line.contains(word))).collect()
    }

    fn findings(&self) -> Vec<String> {
        let said = |finding: &crate::Finding| finding.to_string().replace("c.yaml:", "");
        let all = self.found.findings.iter();
        all.filter(|finding| finding.treatment != Treatment::Exact).map(said).collect()
    }

    fn problems(&self) -> Vec<String> {
        self.found.problems.iter().map(|said| said.to_string().replace("c.yaml:", "")).collect()
    }
}

fn native(draft: &Draft, indent: &str, lines: &mut Vec<String>) {
    for section in section::all() {
        for path in section.declarations.iter().map(|declaration| declaration.meta.path) {
            let Some(best) = draft.best(path) else { continue };
            let text = match &best.raw {
                Raw::Scalar(text) => text.clone(),
                Raw::List(items) => format!("[{}]", items.join(", ")),
            };
            let at = match &best.origin {
                Origin::File { line, .. } => format!(" ({line})"),
                other => format!(" ({other})"),
            };
            let name = path.rsplit_once("[].").map_or(path, |(_, name)| name);
            lines.push(format!("{indent}{name}: {text}{at}"));
        }
    }
    for list in ["backends[]", "models[]", "models[].deployments[]", "aliases[]"] {
        for entry in draft.entries(list) {
            lines.push(format!("{indent}- {}", list.trim_end_matches("[]")));
            native(&entry.draft, &format!("{indent}  "), lines);
        }
    }
}

/// A file with one entry, `params` and `info` written as YAML in one line.
fn entry(params: &str, info: &str) -> String {
    format!(
        "model_list:\n- model_name: m\n  litellm_params: {{{params}}}\n  model_info: {{{info}}}\n"
    )
}
