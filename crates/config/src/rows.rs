//! Models of the admin API: how one is written, read and checked.
//!
//! A row is a JSON object `{"model": {…}, "backends": [{…}]}`: one entry of `models` and any of
//! `backends` in the words of `transom.yaml`. Whoever holds the master key may add rows, so a row
//! reads nothing that the operator did not mean for it: no files, and not the gateway's own keys.

mod json;

use std::fmt;

use crate::{
    Draft, Invocation, Origin, Problem, dialect,
    draft::Entry,
    env,
    fleet::{Kind, Layer},
    load,
    problem::{Finding, Findings},
    value::{Raw, SecretRef, Value as _},
    yaml::{Node, Tree},
};

/// Most bytes of a row.
const LARGEST_ROW: usize = 64 * 1024;
/// The settings of an entry that name files.
const FILES: [&str; 3] =
    ["backends[].ca", "backends[].client_certificate", "backends[].client_key"];

/// A model that was added through the admin API.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminModel {
    /// Its name, the same as in `json`.
    pub name: String,
    /// The row, in the form that [`admin_model`] gives it. It may hold a credential.
    pub json: String,
}

/// Hides the row: it may hold a credential.
impl fmt::Debug for AdminModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdminModel({})", self.name)
    }
}

/// Reads a row in native words and checks it against the files and the other rows of `invocation`,
/// as they are now. The row that is given back is the one to keep.
pub fn admin_model(json: &str, invocation: &Invocation<'_>) -> Result<AdminModel, Vec<Problem>> {
    let mut findings = Findings::default();
    let lists = lower("", json, &mut findings);
    finish(&lists, findings, invocation)
}

/// Reads one entry of a LiteLLM `model_list`, as the body of `/model/new` holds it, and checks it
/// like [`admin_model`]. The findings say what becomes of its keys.
pub fn admin_model_of_litellm(
    json: &str,
    invocation: &Invocation<'_>,
) -> Result<(AdminModel, Vec<Finding>), Vec<Problem>> {
    let mut findings = Findings::default();
    let variables = load::variables(invocation, &mut findings);
    let context = dialect::Context::new(
        invocation.files,
        &invocation.cwd,
        &variables,
        dialect::Policies::Required,
    );
    let mut lowered = dialect::lower_litellm_entry(json, &context, &mut findings);
    let told = std::mem::take(&mut findings.findings);
    let row = finish(&lowered.take_lists(), findings, invocation)?;
    Ok((row, told))
}

fn finish(
    lists: &Draft,
    findings: Findings,
    invocation: &Invocation<'_>,
) -> Result<AdminModel, Vec<Problem>> {
    let mut problems = findings.problems;
    let name = match lists.entries("models[]") {
        [model] => model.draft.best("models[].name").and_then(|name| match &name.raw {
            Raw::Scalar(name) => Some(name.trim().to_owned()),
            Raw::List(_) => None,
        }),
        _ => None,
    };
    let Some(name) = name else {
        problems.push(Problem::new(row_origin("", ""), "has no model with a name"));
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let row = AdminModel { json: json::write(lists), name };
    load::judge(invocation, &row).map(|()| row)
}

/// The rows as layers, each with what is wrong with it alone. `draft` holds the plain settings of
/// all other sources.
pub(crate) fn layers(rows: &[AdminModel], draft: &Draft) -> Vec<Layer> {
    let layer = |row: &AdminModel| {
        let mut own = Findings::default();
        let lists = lower(&row.name, &row.json, &mut own);
        forbid(&lists, draft, &mut own);
        Layer { kind: Kind::Row(row.name.clone()), lists, problems: own.problems }
    };
    rows.iter().map(layer).collect()
}

/// `name` is only for messages.
fn lower(name: &str, json: &str, found: &mut Findings) -> Draft {
    let mut draft = Draft::default();
    let at = |key: &str| row_origin(name, key);
    if json.len() > LARGEST_ROW {
        found.problem(Problem::new(at(""), format!("is larger than {LARGEST_ROW} bytes")));
        return draft;
    }
    let Ok(tree) = Tree::parse(json) else {
        found.problem(Problem::new(at(""), "is not JSON"));
        return draft;
    };
    let Node::Map(entries) = &tree.root.value else {
        found.problem(Problem::new(at(""), "is not a JSON object"));
        return draft;
    };
    let origin = |_: u64, key: &str| at(key);
    for (key, value) in entries {
        let nodes = match (key.value.as_str(), &value.value) {
            ("model", _) => std::slice::from_ref(value),
            ("backends", Node::List(items)) => items,
            _ => {
                let problem = Problem::new(at(&key.value), "is not `model` or a list `backends`");
                found.problem(problem);
                continue;
            }
        };
        let of_model = key.value == "model";
        let list = if of_model { "models[]" } else { "backends[]" };
        for (number, node) in nodes.iter().enumerate() {
            let name = if of_model { key.value.clone() } else { format!("backends[{number}]") };
            let place = dialect::Place::entry(list, &name);
            let entry = dialect::walk(&tree, node, &place, &origin, found);
            draft.push(list, Entry { origin: at(&name), draft: entry });
        }
    }
    draft
}

fn row_origin(name: &str, key: &str) -> Origin {
    Origin::Admin { model: name.to_owned(), key: key.to_owned() }
}

/// Refuses files and the gateway's own keys.
fn forbid(lists: &Draft, draft: &Draft, found: &mut Findings) {
    for backend in lists.entries("backends[]") {
        for path in FILES {
            if let Some(value) = backend.draft.best(path) {
                let problem = Problem::new(value.origin.clone(), "a row names no files");
                found.problem(problem.hint("declare the server in a file"));
            }
        }
        let Some(key) = backend.draft.best("backends[].api_key") else { continue };
        let (refused, hint) = match SecretRef::parse(&key.raw) {
            Ok(SecretRef::File(_)) => (
                "a row names no files".to_owned(),
                "give the key itself, or declare the server in a file",
            ),
            Ok(SecretRef::Variable(variable)) if is_own(&variable, draft) => (
                "this variable holds a key of the gateway itself".to_owned(),
                "use another variable, or give the key itself",
            ),
            Ok(SecretRef::Variable(variable)) if !is_offered(&variable, draft) => (
                format!("{variable} is not among `admin.variables`"),
                "name it there, or give the key itself",
            ),
            _ => continue,
        };
        found.problem(Problem::new(key.origin.clone(), refused).hint(hint));
    }
}

/// Whether the operator offers a variable to rows.
fn is_offered(variable: &str, draft: &Draft) -> bool {
    draft.best("admin.variables").is_some_and(|offered| match &offered.raw {
        Raw::Scalar(name) => name.split(',').any(|name| name.trim() == variable),
        Raw::List(names) => names.iter().any(|name| name == variable),
    })
}

/// Whether a variable sets something of the gateway, or holds its master key.
fn is_own(variable: &str, draft: &Draft) -> bool {
    let master = draft.all("auth.api_key").iter().any(|value| match SecretRef::parse(&value.raw) {
        Ok(SecretRef::Variable(name)) => name == variable,
        _ => false,
    });
    master || env::declared().any(|(name, _)| name == variable)
}
