//! Configuration files in every dialect Transom reads.
//!
//! A dialect lowers a file into a [`Draft`] whose values carry their line: plain settings with
//! [`Draft::put`], backends, models and aliases with [`Draft::push`] under the paths that `section`
//! declares. What it cannot say in native words it reports as a [`Finding`](crate::Finding), key by
//! key. The dialect of a file is told from the keys at its top, so every flag that names a file
//! takes every dialect.
//!
//! To add one: a file beside `native.rs` with a `lower` of the same shape, and a line in [`lower`]
//! that recognises it.

mod context;
mod keeptrusts;
mod litellm;
mod native;

pub(crate) use self::{
    context::{Context, Policies},
    native::{Place, walk},
};
use crate::{Draft, Finding, Origin, Problem, Treatment, problem::Findings, yaml::Tree};

/// Lowers a configuration file. `file` is its name as the operator wrote it.
pub(crate) fn lower(file: &str, text: &str, context: &Context<'_>, found: &mut Findings) -> Draft {
    let Some(tree) = parse(file, text, found) else { return Draft::default() };
    if keeptrusts::recognises(&tree) {
        keeptrusts::lower(file, &tree, context, found)
    } else if litellm::recognises(&tree) {
        let before = found.findings.len();
        let draft = litellm::lower(file, &tree, context, found);
        tell_the_rest(&draft, before, found);
        draft
    } else {
        native::lower(file, &tree, context, found)
    }
}

/// Adds a finding for every key that was taken over and of which nothing was said: it means the
/// same here. `before` is how many findings are about other files.
fn tell_the_rest(draft: &Draft, before: usize, found: &mut Findings) {
    let mut own = found.findings.split_off(before);
    for (path, value) in draft.written() {
        let told = own.iter().any(|finding| finding.at == value.origin);
        if !told && matches!(&value.origin, Origin::File { key, .. } if !key.is_empty()) {
            let message = format!("is `{path}`");
            own.push(Finding::new(value.origin.clone(), Treatment::Exact, message));
        }
    }
    own.sort_by(|a, b| a.at.in_file().cmp(&b.at.in_file()));
    found.findings.append(&mut own);
}

/// What messages call an entry that came as JSON.
const LITELLM_ENTRY: &str = "/model/new";

/// Lowers one entry of LiteLLM's `model_list`, given as JSON.
pub(crate) fn lower_litellm_entry(
    json: &str,
    context: &Context<'_>,
    found: &mut Findings,
) -> Draft {
    let Some(tree) = parse(LITELLM_ENTRY, json, found) else { return Draft::default() };
    litellm::lower_entry(LITELLM_ENTRY, &tree, context, found)
}

/// Reads a file into a tree; `None` when it is not YAML, which is a problem.
pub(crate) fn parse<'a>(file: &str, text: &'a str, found: &mut Findings) -> Option<Tree<'a>> {
    let error = match Tree::parse(text) {
        Ok(tree) => return Some(tree),
        Err(error) => error,
    };
    let line = error.location().map_or(0, |location| location.line());
    let at = Origin::File { file: file.into(), line, key: String::new() };
    found.problem(Problem::new(at, format!("is not YAML: {error}")));
    None
}
