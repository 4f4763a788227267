mod fates;
mod models;
mod protection;
mod whole;

use std::path::Path;

use super::*;
use crate::{
    Disk, Environment,
    dialect::{self, Policies},
    draft::Entry,
    variables::Variables,
};

const COMPLIANCE: &str = include_str!("tests/compliance.yaml");
const FAILOVER: &str = include_str!("tests/failover.yaml");
const EVERY_KEY: &str = include_str!("tests/every_key.yaml");

/// What became of a file.
struct Lowered {
    draft: Draft,
    found: Findings,
}

fn lower_with(text: &str, policies: Policies) -> Lowered {
    let mut found = Findings::default();
    let variables = Variables::new(&Environment::default(), None, &mut found);
    let context = Context::new(&Disk, Path::new("/"), &variables, policies);
    let tree = dialect::parse("policy-config.yaml", text, &mut found).unwrap();
    let draft = super::lower("policy-config.yaml", &tree, &context, &mut found);
    Lowered { draft, found }
}

fn lower(text: &str) -> Lowered {
    lower_with(text, Policies::Required)
}

/// A file of targets only, one line each, with further text below.
fn targets(lines: &[&str], below: &str) -> Lowered {
    let lines: Vec<_> = lines.iter().map(|line| format!("    - {{{line}}}\n")).collect();
    lower(&format!("providers:\n  targets:\n{}{below}", lines.concat()))
}

impl Lowered {
    fn problems(&self) -> Vec<String> {
        self.found.problems.iter().map(ToString::to_string).collect()
    }

    fn notices(&self) -> Vec<String> {
        self.found.notices.iter().map(ToString::to_string).collect()
    }

    /// Findings that are not exact, as the operator reads them.
    fn findings(&self) -> Vec<String> {
        let rest = self.found.findings.iter().filter(|found| found.treatment != Treatment::Exact);
        rest.map(|found| found.to_string().replace("policy-config.yaml:", "")).collect()
    }

    fn backends(&self) -> Vec<String> {
        self.draft.entries("backends[]").iter().map(backend).collect()
    }

    /// `name: deployment, deployment`, with whatever differs from the defaults.
    fn models(&self) -> Vec<String> {
        self.draft.entries("models[]").iter().map(model).collect()
    }

    fn aliases(&self) -> Vec<String> {
        let entries = self.draft.entries("aliases[]").iter();
        let paths = ["aliases[].name", "aliases[].model", "aliases[].hidden"];
        entries.map(|alias| values(alias, &paths)).collect()
    }

    fn setting(&self, path: &str) -> Option<String> {
        text(&self.draft, path)
    }
}

fn text(draft: &Draft, path: &str) -> Option<String> {
    match &draft.best(path)?.raw {
        Raw::Scalar(text) => Some(text.clone()),
        Raw::List(items) => Some(items.join(",")),
    }
}

/// `key=value` for each path that has a value.
fn values(entry: &Entry, paths: &[&str]) -> String {
    let value = |path: &&str| {
        let key = path.rsplit('.').next().unwrap();
        text(&entry.draft, path).map(|value| format!("{key}={value}"))
    };
    paths.iter().filter_map(value).collect::<Vec<_>>().join(" ")
}

fn backend(entry: &Entry) -> String {
    values(
        entry,
        &[
            "backends[].name",
            "backends[].url",
            "backends[].api_key",
            "backends[].insecure_tls",
            "backends[].probe",
        ],
    )
}

fn model(entry: &Entry) -> String {
    let head = ["models[].name", "models[].hidden", "models[].strategy", "models[].fallbacks"];
    let deployment = |entry: &Entry| {
        let paths = ["id", "backend", "model", "mode", "weight", "order"];
        let paths = paths.map(|key| format!("models[].deployments[].{key}"));
        values(entry, &paths.each_ref().map(String::as_str))
    };
    let deployments = entry.draft.entries("models[].deployments[]").iter().map(deployment);
    format!("{} [{}]", values(entry, &head), deployments.collect::<Vec<_>>().join(" | "))
}
