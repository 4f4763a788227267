//! Sections that protect something. None of them is applied yet, so a file that has one is refused
//! unless its operator asks for the rest of it.

use super::{
    reader::{Fate, Field, Mapping, Reader},
    shape::Shape,
};
use crate::{dialect::Context, yaml::Node};

/// Policies, and limits on who may use what and how much.
pub(super) const SECTIONS: &[(&str, Fate)] = &[
    ("policies", Fate::Read),
    ("policy", Fate::Read),
    ("input_policies", Fate::Read),
    ("output_policies", Fate::Read),
    ("agents", Fate::Read),
    ("consumer_groups", Fate::Read),
    ("rate_limits", Fate::Read),
    ("rate_limit", Fate::Read),
    ("global_rate_limit", Fate::Read),
    ("ip_rate_limit", Fate::Read),
    ("user_rate_limit", Fate::Read),
    ("token_rate_limit", Fate::Read),
    ("size_limits", Fate::Read),
    ("budgets", Fate::Read),
    ("moderation", Fate::Read),
    ("review", Fate::Read),
    ("escalation", Fate::Read),
];

/// The sections of `providers` that protect something.
pub(super) const IN_PROVIDERS: &[(&str, Fate)] =
    &[("limits", Fate::Read), ("scope_limits", Fate::Read), ("rate_limits", Fate::Read)];

/// Says of each such section that it is refused or left out.
pub(super) fn judge<'a>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    sections: &[(&str, Fate)],
    context: &Context<'_>,
) {
    for (key, field) in mapping.fields() {
        if sections.iter().any(|(known, _)| *known == key) && !is_empty(&field) {
            refuse(reader, &field, context);
        }
    }
}

/// A single-policy document is nothing else, whatever its sections are called.
pub(super) fn judge_whole<'a>(reader: &mut Reader<'a>, root: &Mapping<'a>, context: &Context<'_>) {
    if let Some(field) = root.get("policy") {
        refuse(reader, &field, context);
    }
}

/// Refuses one part of the file, or leaves it out.
pub(super) fn refuse<'a>(reader: &mut Reader<'a>, field: &Field<'a>, context: &Context<'_>) {
    let at = reader.place(field);
    context.policies(at, reader.found);
}

/// Whether a section holds nothing that could protect: `[]`, `{}`, `{chain: []}`.
fn is_empty(field: &Field<'_>) -> bool {
    fn hollow(node: &Node) -> bool {
        match node {
            Node::Null => true,
            Node::List(items) => items.is_empty(),
            Node::Map(entries) => entries.iter().all(|(_, value)| hollow(&value.value)),
            Node::Text(_) | Node::Plain(_) => false,
        }
    }
    hollow(field.node)
}

impl Shape {
    /// Whether the whole file is one policy.
    pub(super) fn is_policy(self) -> bool {
        self == Self::Single
    }
}
