//! `include`: files that are read as if their keys stood in this one.

use std::collections::BTreeMap;

use crate::{
    Finding, Origin, Treatment,
    dialect::{
        Context,
        litellm::place::{Document, Place},
    },
    problem::Findings,
    yaml::Tree,
};

/// The texts of every file that `tree` includes, and that those include. As in LiteLLM all names
/// are relative to the folder of the first file.
pub(super) fn texts(
    file: &str,
    tree: &Tree<'_>,
    context: &Context<'_>,
    found: &mut Findings,
) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut wanted = names(file, tree);
    while let Some((name, at)) = wanted.pop() {
        let Some(included) = context.include(file, &name, at.clone(), found) else { continue };
        found.finding(Finding::new(
            at,
            Treatment::Exact,
            "its keys are read as if they stood here",
        ));
        // What is not YAML is told when the text is read for good.
        if let Ok(tree) = Tree::parse(&included.text) {
            wanted.extend(names(&included.file, &tree));
        }
        texts.push((included.file, included.text));
    }
    texts
}

/// The names, the last one first.
fn names(file: &str, tree: &Tree<'_>) -> Vec<(String, Origin)> {
    let document = Document { file: file.into(), tree };
    let fields = Place::root(&document).fields().unwrap_or_default();
    let listed = fields.into_iter().filter(|(key, _)| *key == "include").flat_map(|(_, value)| {
        let single = || vec![value.clone()];
        value.items().unwrap_or_else(single)
    });
    let mut names: Vec<_> =
        listed.filter_map(|place| Some((place.spelling()?, place.origin()))).collect();
    names.reverse();
    names
}

/// The keys at the top of several files.
pub(super) struct Roots<'a> {
    roots: BTreeMap<&'a str, Vec<Place<'a>>>,
}

impl<'a> Roots<'a> {
    /// Collects the keys, the first file's first.
    pub(super) fn new(documents: &'a [Document<'a>]) -> Self {
        let mut roots: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for document in documents {
            for (key, place) in Place::root(document).fields().unwrap_or_default() {
                roots.entry(key).or_default().push(place);
            }
        }
        Self { roots }
    }

    /// Every occurrence of a list: LiteLLM puts them behind each other.
    pub(super) fn all(&self, key: &str) -> &[Place<'a>] {
        self.roots.get(key).map_or(&[], Vec::as_slice)
    }

    /// The occurrence of a mapping that counts, which is the last, and those it replaces.
    pub(super) fn last(&self, key: &str) -> Option<(&Place<'a>, &[Place<'a>])> {
        self.all(key).split_last()
    }

    /// Every key with its occurrences.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'a str, &[Place<'a>])> {
        self.roots.iter().map(|(key, places)| (*key, places.as_slice()))
    }
}
