//! The four shapes of document that go by the name `policy-config.yaml`
//! (`policies.md` section A1).

use super::reader::Mapping;
use crate::yaml::Node;

/// What kind of document a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `pack`, a chain of policy kinds, and their options under `policy`.
    Pack,
    /// `policies` is a list of rules.
    Rules,
    /// `policies`, `input_policies` or `output_policies` is a list of named policies.
    Named,
    /// One policy and nothing else.
    Single,
    /// No policies at all.
    Targets,
}

impl Shape {
    pub(super) fn of(root: &Mapping<'_>) -> Self {
        let policies = root.get("policies");
        let named = ["input_policies", "output_policies"].iter().any(|key| root.get(key).is_some());
        let lists_rules = policies.as_ref().is_some_and(|field| match field.node {
            Node::List(items) => items.iter().any(|item| has(&item.value, "rules")),
            _ => false,
        });
        let lists = policies.as_ref().is_some_and(|field| matches!(field.node, Node::List(_)));
        let single = root.get("policy").is_some_and(|field| has(field.node, "name"));
        if lists_rules {
            Self::Rules
        } else if named || lists {
            Self::Named
        } else if root.get("pack").is_some() || policies.is_some() {
            Self::Pack
        } else if single && root.get("providers").is_none() {
            Self::Single
        } else if root.get("policy").is_some() {
            Self::Pack
        } else {
            Self::Targets
        }
    }

    /// What the operator is told.
    pub(super) fn notice(self) -> &'static str {
        match self {
            Self::Pack => "read as a Keeptrusts pack document",
            Self::Rules => "read as a Keeptrusts document with a list of rules",
            Self::Named => "read as a Keeptrusts document with a list of named policies",
            Self::Single => "read as a Keeptrusts document of a single policy",
            Self::Targets => "read as a Keeptrusts document without policies",
        }
    }
}

fn has(node: &Node, key: &str) -> bool {
    match node {
        Node::Map(entries) => entries.iter().any(|(known, _)| known.value == key),
        _ => false,
    }
}
