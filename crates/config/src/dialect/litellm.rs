//! LiteLLM's `config.yaml`: `model_list`, `router_settings`, `litellm_settings`,
//! `general_settings`, `environment_variables`, `credential_list` and `include`.
//!
//! # Layout
//!
//! - `place`: a value of the file with its line; `include`: several files as one; `environment`:
//!   `os.environ/NAME`; `lowering`: the draft in progress.
//! - `known`: every key that LiteLLM documents and what becomes of it, as tables; `rule`: what a
//!   row of them can say. A key that is in no table is told, with the nearest that is.
//! - `deployment`, `provider`, `server`, `backends`, `group`: an entry of `model_list`, its server,
//!   the entries of one name; `decimal`: prices and weights without loss.
//! - `router`, `fallbacks`, `settings`, `usual`: the sections of settings.
//!
//! Of keys that are settings of ours under another name the caller tells, and so it is of every key
//! what becomes of it: also of one that asks for nothing (`false`, an empty list) and whose function
//! does not exist.
//!
//! To support a key: change its row in `known` to [`rule::Rule::Same`], or to
//! [`rule::Rule::Read`] and read it in the file of its section.

mod backends;
mod decimal;
mod deployment;
mod environment;
mod fallbacks;
mod group;
mod include;
mod known;
mod lowering;
mod place;
mod provider;
mod router;
mod rule;
mod server;
mod settings;
mod usual;

use crate::{
    Draft, Origin, Problem,
    dialect::{
        Context,
        litellm::{
            backends::Backends,
            group::{Groups, Shuffle},
            include::Roots,
            known::root::ROOT,
            lowering::{Author, Lowering, Strangers},
            place::{Document, Place},
            router::Router,
            server::Server,
            usual::Usual,
        },
        parse,
    },
    problem::Findings,
    value::Raw,
    yaml::{Node, Tree},
};

/// Keys at the top that no other dialect has.
const MARKS: [&str; 4] = ["model_list", "router_settings", "litellm_settings", "general_settings"];

/// Keys at the top that ask for checks of what is said.
const POLICIES: [&str; 3] = ["guardrails", "policies", "policy_attachments"];

/// Where LiteLLM listens.
const PORT: &str = "4000";

/// Whether a file is written in this dialect.
pub(crate) fn recognises(tree: &Tree<'_>) -> bool {
    let Node::Map(entries) = &tree.root.value else { return false };
    let has = |key: &str| entries.iter().any(|(name, _)| name.value == key);
    MARKS.into_iter().any(has) || has("include")
}

/// Lowers a file. `file` is its name as the operator wrote it.
pub(crate) fn lower(
    file: &str,
    tree: &Tree<'_>,
    context: &Context<'_>,
    found: &mut Findings,
) -> Draft {
    let first_finding = found.findings.len();
    let texts = include::texts(file, tree, context, found);
    let included: Vec<_> =
        texts.iter().filter_map(|(file, text)| Some((file, parse(file, text, found)?))).collect();
    let mut documents = vec![Document { file: file.into(), tree }];
    documents
        .extend(included.iter().map(|(file, tree)| Document { file: file.as_str().into(), tree }));
    let mut lowering = Lowering::new(context, found, Author::Operator);
    lowering.draft.suggest("listen.port", Raw::Scalar(PORT.into()), "LiteLLM's port");
    lowering.file(&Roots::new(&documents));
    let draft = lowering.draft;
    let files: Vec<_> = documents.iter().map(|document| &*document.file).collect();
    found.findings[first_finding..].sort_by_key(|finding| position(&finding.at, &files));
    draft
}

/// Lowers one entry of `model_list`, as `/model/new` takes it: JSON is YAML. `file` names the
/// source in messages.
pub(crate) fn lower_entry(
    file: &str,
    tree: &Tree<'_>,
    context: &Context<'_>,
    found: &mut Findings,
) -> Draft {
    let document = Document { file: file.into(), tree };
    let mut lowering = Lowering::new(context, found, Author::Caller);
    let mut server = Server { usual: Usual::default(), backends: Backends::default() };
    let mut groups = Groups::default();
    if let Some(served) = lowering.deployment(&Place::root(&document), &mut server) {
        groups.add(served, &mut lowering);
    }
    lowering.put_models(groups, server.backends, Shuffle::Weighted);
    lowering.draft
}

/// Findings are told in the order of the lines.
fn position(at: &Origin, files: &[&str]) -> (usize, u64) {
    match at {
        Origin::File { file, line, .. } => {
            (files.iter().position(|known| **known == **file).unwrap_or(files.len()), *line)
        }
        _ => (files.len(), 0),
    }
}

impl Lowering<'_> {
    fn file(&mut self, roots: &Roots<'_>) {
        self.top(roots);
        for place in roots.all("environment_variables") {
            self.remember(place);
        }
        let router = self.section(roots, "router_settings");
        let mut router = router.map(|place| self.router(&place)).unwrap_or_default();
        let mut usual = Usual { parallel: router.parallel.clone(), ..Usual::default() };
        usual.credentials = self.credentials(roots.all("credential_list"));
        if let Some(place) = self.section(roots, "litellm_settings") {
            self.library(&place, &mut router, &mut usual);
        }
        if let Some(place) = self.section(roots, "general_settings") {
            self.general(&place, &mut usual);
        }
        self.usual_master_key();
        self.models(roots.all("model_list"), router, usual);
        self.unread();
    }

    /// Keys at the top that no section reads.
    fn top(&mut self, roots: &Roots<'_>) {
        for (key, places) in roots.keys() {
            for place in places {
                self.settle(key, place, ROOT, Strangers::Mistakes);
                if POLICIES.contains(&key) && !place.is_off() {
                    self.context.policies(place.origin(), self.found);
                }
            }
        }
    }

    /// The occurrence of a section that counts; LiteLLM replaces a section by an included one.
    fn section<'p>(&mut self, roots: &Roots<'p>, key: &str) -> Option<Place<'p>> {
        let (last, replaced) = roots.last(key)?;
        for place in replaced {
            self.no_effect(place.origin(), format!("is replaced as a whole by {}", last.origin()));
        }
        Some(last.clone())
    }

    fn models<'p>(&mut self, lists: &[Place<'p>], router: Router<'p>, usual: Usual<'p>) {
        let mut server = Server { usual, backends: Backends::default() };
        let mut groups = Groups::default();
        let mut written = None;
        for list in lists {
            let Some(items) = list.items() else {
                self.problem(list.origin(), "must be a list of models");
                continue;
            };
            for item in items {
                written = written.or_else(|| Some(list.origin()));
                if let Some(served) = self.deployment(&item, &mut server) {
                    groups.add(served, self);
                }
            }
        }
        if let Some(at) = written.filter(|_| groups.names().next().is_none()) {
            let problem = Problem::new(at, "no entry can be served");
            self.found.problem(problem.hint("what is said about each entry tells why"));
        }
        let shuffle = router.shuffle();
        let others = self.put_others(router.others, &groups);
        for (path, place) in &router.fallbacks {
            self.fallbacks(place, path, &mut groups, &others);
        }
        for place in &router.default_fallbacks {
            self.default_fallbacks(place, &groups, &others);
        }
        self.put_models(groups, server.backends, shuffle);
    }

    fn put_models(&mut self, groups: Groups, backends: Backends, shuffle: Shuffle) {
        for entry in backends.entries() {
            self.draft.push("backends[]", entry);
        }
        for entry in groups.entries(shuffle) {
            self.draft.push("models[]", entry);
        }
    }
}

#[cfg(test)]
mod tests;
