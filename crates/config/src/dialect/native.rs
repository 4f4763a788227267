//! `transom.yaml`: the keys are the declared settings, and nothing else is allowed.

use std::sync::{Arc, LazyLock};

use serde_saphyr::Spanned;

use crate::{
    Draft, Origin, Problem,
    dialect::Context,
    draft::Entry,
    nearest::nearest,
    problem::Findings,
    section,
    value::Raw,
    yaml::{Node, Tree},
};

/// Walks the whole file, so that every unknown key and misplaced value is reported.
pub(crate) fn lower(
    file: &str,
    tree: &Tree<'_>,
    _context: &Context<'_>,
    found: &mut Findings,
) -> Draft {
    let file: Arc<str> = file.into();
    let origin =
        |line, key: &str| Origin::File { file: Arc::clone(&file), line, key: key.to_owned() };
    walk(tree, &tree.root, &Place::root(), &origin, found)
}

/// Reads a mapping whose keys are the settings below `place`. `origin` makes the origin of a line
/// and a key.
pub(crate) fn walk(
    tree: &Tree<'_>,
    node: &Spanned<Node>,
    place: &Place,
    origin: &dyn Fn(u64, &str) -> Origin,
    found: &mut Findings,
) -> Draft {
    let mut walk = Walk { tree, origin, draft: Draft::default(), found };
    walk.section(place, node);
    walk.draft
}

/// Every declared path. It is the same for every file and every row, and rows may be many.
static PATHS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let declarations = section::all().into_iter().flat_map(|section| section.declarations);
    declarations.map(|declaration| declaration.meta.path).collect()
});

/// Where the walk is: below which declared path, and how that is written for people.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// `models[].deployments[].`
    path: String,
    /// `models[1].deployments[0].`
    shown: String,
}

impl Place {
    fn root() -> Self {
        Self { path: String::new(), shown: String::new() }
    }

    /// An entry of a list at the top, shown under a name of the caller's.
    pub(crate) fn entry(list: &'static str, shown: &str) -> Self {
        Self { path: format!("{list}."), shown: format!("{shown}.") }
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.shown)
    }

    fn below(&self, key: &str) -> Self {
        Self { path: format!("{}{key}.", self.path), shown: format!("{}{key}.", self.shown) }
    }

    fn item(&self, key: &str, index: usize) -> Self {
        Self {
            path: format!("{}{key}[].", self.path),
            shown: format!("{}{key}[{index}].", self.shown),
        }
    }
}

fn find(wanted: impl Fn(&str) -> bool) -> Option<&'static str> {
    PATHS.iter().copied().find(|path| wanted(path))
}

struct Walk<'a> {
    tree: &'a Tree<'a>,
    origin: &'a dyn Fn(u64, &str) -> Origin,
    draft: Draft,
    found: &'a mut Findings,
}

impl Walk<'_> {
    /// A mapping whose keys are settings, lists or further sections below `place`.
    fn section(&mut self, place: &Place, node: &Spanned<Node>) {
        let entries = match &node.value {
            Node::Map(entries) => entries,
            Node::Null => return,
            _ => {
                let at = (self.origin)(node.referenced.line(), place.shown.trim_end_matches('.'));
                let problem = Problem::new(at, "must be a mapping")
                    .hint("write one `key: value` per line, indented");
                return self.found.problem(problem);
            }
        };
        for (key, value) in entries {
            let path = format!("{}{}", place.path, key.value);
            let (section, list) = (format!("{path}."), format!("{path}[]."));
            let line = key.referenced.line();
            if let Some(known) = find(|known| known == path) {
                self.setting(known, &place.key(&key.value), line, value);
            } else if let Some(known) = find(|known| known.starts_with(&list)) {
                self.list(&known[..path.len() + "[]".len()], place, &key.value, value);
            } else if find(|known| known.starts_with(&section)).is_some() {
                self.section(&place.below(&key.value), value);
            } else {
                self.unknown(place, &key.value, line);
            }
        }
    }

    /// A list of mappings.
    fn list(&mut self, list: &'static str, place: &Place, key: &str, node: &Spanned<Node>) {
        let items = match &node.value {
            Node::List(items) => items,
            Node::Null => return,
            _ => {
                let at = (self.origin)(node.referenced.line(), &place.key(key));
                let problem = Problem::new(at, "must be a list")
                    .hint("begin each entry with `- `, as in `- name: node-1`");
                return self.found.problem(problem);
            }
        };
        for (index, item) in items.iter().enumerate() {
            let place = place.item(key, index);
            let origin = (self.origin)(item.referenced.line(), place.shown.trim_end_matches('.'));
            let outer = std::mem::take(&mut self.draft);
            self.section(&place, item);
            let draft = std::mem::replace(&mut self.draft, outer);
            self.draft.push(list, Entry { origin, draft });
        }
    }

    fn setting(&mut self, path: &'static str, key: &str, line: u64, node: &Spanned<Node>) {
        let at = (self.origin)(line, key);
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

    fn unknown(&mut self, place: &Place, key: &str, line: u64) {
        let problem = Problem::new((self.origin)(line, &place.key(key)), "is not a setting");
        let siblings = PATHS.iter().filter_map(|path| path.strip_prefix(&*place.path));
        let siblings = siblings.filter_map(|rest| rest.split(['.', '[']).next());
        let elsewhere = || find(|path| path.rsplit('.').next() == Some(key));
        let problem = if let Some(near) = nearest(key, siblings) {
            problem.hint(format!("did you mean `{near}`?"))
        } else if let Some(path) = elsewhere() {
            problem.hint(format!("did you mean `{path}`?"))
        } else {
            problem.hint("docs/reference/config.md lists every setting")
        };
        self.found.problem(problem);
    }
}

#[cfg(test)]
mod tests;
