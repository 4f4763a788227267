//! `transom.yaml`: the keys are the declared settings, and nothing else is allowed.

use std::sync::Arc;

use serde_saphyr::Spanned;

use crate::{
    Draft, Origin, Problem,
    nearest::nearest,
    problem::Findings,
    section,
    value::Raw,
    yaml::{Node, Tree},
};

/// Walks the whole file, so that every unknown key and misplaced value is reported.
pub(crate) fn lower(file: &str, text: &str, found: &mut Findings) -> Draft {
    let tree = match Tree::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            let line = error.location().map_or(0, |location| location.line());
            let at = Origin::File { file: file.into(), line, key: String::new() };
            found.problem(Problem::new(at, format!("is not YAML: {error}")));
            return Draft::default();
        }
    };
    let paths = section::all()
        .into_iter()
        .flat_map(|section| section.declarations)
        .map(|declaration| declaration.meta.path)
        .collect();
    let mut walk = Walk { file: file.into(), tree: &tree, paths, draft: Draft::default(), found };
    walk.section("", &tree.root);
    walk.draft
}

struct Walk<'a> {
    file: Arc<str>,
    tree: &'a Tree<'a>,
    paths: Vec<&'static str>,
    draft: Draft,
    found: &'a mut Findings,
}

impl Walk<'_> {
    /// A mapping whose keys are settings or further sections below `prefix`.
    fn section(&mut self, prefix: &str, node: &Spanned<Node>) {
        let entries = match &node.value {
            Node::Map(entries) => entries,
            Node::Null => return,
            _ => {
                let at = self.at(node.referenced.line(), prefix.trim_end_matches('.'));
                let problem = Problem::new(at, "must be a mapping")
                    .hint("write one `key: value` per line, indented");
                return self.found.problem(problem);
            }
        };
        for (key, value) in entries {
            let path = format!("{prefix}{}", key.value);
            let below = format!("{path}.");
            let line = key.referenced.line();
            if let Some(known) = self.paths.iter().find(|known| **known == path).copied() {
                self.setting(known, line, value);
            } else if self.paths.iter().any(|known| known.starts_with(&below)) {
                self.section(&below, value);
            } else {
                self.unknown(prefix, &key.value, line);
            }
        }
    }

    fn setting(&mut self, path: &'static str, line: u64, node: &Spanned<Node>) {
        let at = self.at(line, path);
        let raw = match &node.value {
            Node::Null => return,
            Node::List(items) => {
                let texts: Option<Vec<_>> =
                    items.iter().map(|item| self.tree.spelling(item)).collect();
                texts.map(Raw::List)
            }
            _ => self.tree.spelling(node).map(Raw::Scalar),
        };
        match raw {
            Some(raw) => self.draft.put(path, raw, at),
            None => self.found.problem(Problem::new(at, "must be a value or a list of values")),
        }
    }

    fn unknown(&mut self, prefix: &str, key: &str, line: u64) {
        let at = self.at(line, &format!("{prefix}{key}"));
        let problem = Problem::new(at, "is not a setting");
        let siblings = self.paths.iter().filter_map(|path| path.strip_prefix(prefix));
        let siblings = siblings.filter_map(|rest| rest.split('.').next());
        let elsewhere = || self.paths.iter().find(|path| path.rsplit('.').next() == Some(key));
        let problem = if let Some(near) = nearest(key, siblings) {
            problem.hint(format!("did you mean `{near}`?"))
        } else if let Some(path) = elsewhere() {
            problem.hint(format!("did you mean `{path}`?"))
        } else {
            problem.hint("docs/reference/config.md lists every setting")
        };
        self.found.problem(problem);
    }

    fn at(&self, line: u64, key: &str) -> Origin {
        Origin::File { file: Arc::clone(&self.file), line, key: key.to_owned() }
    }
}

#[cfg(test)]
mod tests;
