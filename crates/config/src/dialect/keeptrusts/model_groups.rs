//! `model_groups`: names of the operator for targets that belong together.

use super::{
    group::{Group, Listing, Member, alias},
    reader::{Fate, Mapping, Reader, Setting, exact},
    strategy,
    target::Targets,
};
use crate::{Draft, Problem, Treatment, nearest::nearest};

const KEYS: &[(&str, Fate)] = &[
    ("name", exact("is a model")),
    ("description", exact("is kept for people")),
    ("targets", exact("are the deployments of the model")),
    ("models", exact("are the deployments of the model")),
    ("aliases", exact("are aliases of the model")),
    ("fallback_group", exact("is the `fallbacks` of the model")),
    ("strategy", Fate::Read),
];

/// Keys of the items of `models`.
const MODEL: &[(&str, Fate)] = &[
    ("provider", exact("is the id of a target")),
    ("model", exact("is the name that is sent to it")),
    ("weight", exact("is `weight` of the deployment")),
];

/// The groups of a file; `model_groups` stands at the top or within `providers`.
pub(super) fn read<'a, 't>(
    reader: &mut Reader<'a>,
    root: &Mapping<'a>,
    providers: Option<&Mapping<'a>>,
    targets: &'t Targets,
    draft: &mut Draft,
) -> Vec<Group<'t>> {
    let mut groups = Vec::new();
    for parent in [Some(root), providers].into_iter().flatten() {
        for mapping in reader.mappings(parent, "model_groups") {
            reader.survey(&mapping, KEYS);
            groups.extend(group(reader, &mapping, targets, draft));
        }
    }
    groups
}

fn group<'a, 't>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    targets: &'t Targets,
    draft: &mut Draft,
) -> Option<Group<'t>> {
    let Some(name) = reader.setting(mapping, "name", "models[].name") else {
        if mapping.get("name").is_none() {
            let at = reader.at(mapping.line, &mapping.path);
            reader.problem(at, "has no `name`", "every group needs one");
        }
        return None;
    };
    let text = name.text();
    let mut members = listed(reader, mapping, targets);
    members.extend(described(reader, mapping, targets));
    if members.is_empty() {
        let at = reader.at(mapping.line, &mapping.path);
        if mapping.get("targets").or(mapping.get("models")).is_none() {
            reader.problem(at, "has no `targets`", "name the ids of targets");
        } else {
            let left = Setting::new("models[].name", text, at);
            reader.said(&left, Treatment::Unsupported, "has no target: the group is left out");
        }
        return None;
    }
    for item in mapping.get("aliases").map(|list| reader.items(&list)).unwrap_or_default() {
        if let Some(other) = reader.value::<String>(&item) {
            let place = reader.place(&item);
            alias(Setting::new("aliases[].name", other, place), text, Listing::Shown, draft);
        }
    }
    let fallback = reader.setting(mapping, "fallback_group", "models[].fallbacks");
    let sharing = mapping.get("strategy").and_then(|field| strategy::word(reader, &field, None));
    let settings = fallback.into_iter().collect();
    Some(Group { name, listing: Listing::Shown, sharing, members, settings })
}

/// The members of `targets: [id, …]`.
fn listed<'a, 't>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    targets: &'t Targets,
) -> Vec<Member<'t>> {
    let items = mapping.get("targets").map(|list| reader.items(&list)).unwrap_or_default();
    let mut members = Vec::new();
    for item in items {
        let Some(id) = reader.value::<String>(&item) else { continue };
        let place = Setting::new("models[].deployments[].id", id, reader.place(&item));
        members.extend(member(reader, &place, targets));
    }
    members
}

/// The members of `models: [{provider, model, weight}, …]`.
fn described<'a, 't>(
    reader: &mut Reader<'a>,
    mapping: &Mapping<'a>,
    targets: &'t Targets,
) -> Vec<Member<'t>> {
    let mut members = Vec::new();
    for item in reader.mappings(mapping, "models") {
        reader.survey(&item, MODEL);
        let Some(id) = reader.setting(&item, "provider", "models[].deployments[].id") else {
            let at = reader.at(item.line, &item.path);
            reader.problem(at, "names no target", "write `provider: <id of a target>`");
            continue;
        };
        let upstream = reader.setting(&item, "model", "models[].deployments[].model");
        let weight = reader.setting(&item, "weight", "models[].deployments[].weight");
        let Some(mut member) = member(reader, &id, targets) else { continue };
        let own = member.target.upstream.as_ref().map(Setting::text);
        member.upstream = upstream.filter(|upstream| Some(upstream.text()) != own);
        member.weight = weight.or(member.weight);
        members.push(member);
    }
    members
}

/// The target of an id. One that is left out is left out here too.
fn member<'t>(reader: &mut Reader<'_>, id: &Setting, targets: &'t Targets) -> Option<Member<'t>> {
    let name = id.text();
    if let Some(target) = targets.served.iter().find(|target| target.id == name) {
        return Some(Member { target, upstream: None, weight: target.weight.clone() });
    }
    if targets.lines.contains_key(name) {
        let message = format!("the target `{name}` is left out, here too");
        reader.said(id, Treatment::Unsupported, &message);
        return None;
    }
    let problem = Problem::new(id.origin.clone(), format!("`{name}` is not a target"));
    reader.found.problem(match nearest(name, targets.lines.keys().map(String::as_str)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("name the id of one of `providers.targets`"),
    });
    None
}
