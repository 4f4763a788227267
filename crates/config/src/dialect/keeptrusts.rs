//! Keeptrusts' `policy-config.yaml`, as far as it is publicly known (guide 002, `policies.md`
//! sections A1 and A3).
//!
//! Each target is a backend of the same name. Targets with one provider string are the deployments
//! of a model of that name (`vllm:chat:org/model`), in the order of the file unless one has a
//! weight. The bare name (`org/model`) works too and is not listed: an alias, or a model with the
//! targets of every provider string that ends in it. Every key is said to be exact, approximated,
//! without effect or unsupported; what protects (policies, limits) is never dropped in silence.
//!
//! # Layout
//!
//! - `shape`: the four shapes of document; `protection`: what is refused or left out.
//! - `reader`: keys with their places, and what is said about them.
//! - `target`, with `route` and `provider` (what it is asked for) and `backend` (its server).
//! - `strategy`, `group`, `model_groups`: from targets to models.
//! - `failover`: retries and the breaker.

mod backend;
mod failover;
mod group;
mod model_groups;
mod protection;
mod provider;
mod reader;
mod route;
mod shape;
mod strategy;
mod target;

use std::collections::BTreeSet;

use self::{
    reader::{Fate, Mapping, Reader, exact, no_effect, unsupported},
    shape::Shape,
    target::Targets,
};
use crate::{
    Draft, Origin, Treatment,
    dialect::Context,
    problem::Findings,
    value::Raw,
    yaml::{Node, Tree},
};

/// The port of `kt gateway run` (guide 002).
const PORT: &str = "41002";

/// What stands at the top of a file, besides what [`protection`] knows.
const SECTIONS: &[(&str, Fate)] = &[
    ("version", exact("tells the shape of the document")),
    ("pack", Fate::Read),
    ("providers", Fate::Read),
    ("provider_routing", Fate::Read),
    ("provider_fallback", Fate::Read),
    ("circuit_breaker", Fate::Read),
    ("model_groups", Fate::Read),
    ("testing", no_effect("only tests of policies read it")),
    ("ab_test", unsupported(AB_TEST)),
    ("loads", unsupported("nothing is added to prompts")),
    ("history", unsupported("responses are stored as `store` and `responses` say")),
    ("memory", unsupported("nothing is added to prompts")),
    ("learning", unsupported("nothing is added to prompts")),
    ("cache", unsupported("answers are not cached")),
    ("caching", unsupported("answers are not cached")),
    ("auto_provider", unsupported("clients name the model")),
    ("logging", unsupported("the log is set in `transom.yaml`: `log`")),
    ("tracing", unsupported("traces are set in `transom.yaml`: `tracing`")),
];
const AB_TEST: &str = "requests are not split by variants";
const MIRROR: &str = "no request is sent twice";

/// Keys of `providers`.
const PROVIDERS: &[(&str, Fate)] = &[
    ("targets", Fate::Read),
    ("strategy", Fate::Read),
    ("routing", Fate::Read),
    ("fallback", Fate::Read),
    ("circuit_breaker", Fate::Read),
    ("model_groups", Fate::Read),
    ("ab_test", unsupported(AB_TEST)),
    ("mirror", unsupported(MIRROR)),
    ("mirroring", unsupported(MIRROR)),
    ("traffic_mirror", unsupported(MIRROR)),
    ("logging", unsupported("the log is set in `transom.yaml`: `log`")),
    ("context_compression", unsupported("prompts are sent as they are")),
    ("zero_completion", unsupported("an empty answer is an answer")),
];

/// Keys of `pack`.
const PACK: &[(&str, Fate)] = &[
    ("id", exact(FOR_PEOPLE)),
    ("name", exact(FOR_PEOPLE)),
    ("version", exact(FOR_PEOPLE)),
    ("author", exact(FOR_PEOPLE)),
    ("description", exact(FOR_PEOPLE)),
    ("enabled", Fate::Read),
];
const FOR_PEOPLE: &str = "tells people what the file is";

/// Whether the keys at the top of a file are of this dialect.
pub(crate) fn recognises(tree: &Tree<'_>) -> bool {
    const MARKS: [&str; 7] = [
        "pack",
        "policies",
        "policy",
        "input_policies",
        "output_policies",
        "provider_routing",
        "provider_fallback",
    ];
    let Node::Map(entries) = &tree.root.value else { return false };
    let targets = |node: &Node| match node {
        Node::Map(entries) => entries.iter().any(|(key, _)| key.value == "targets"),
        _ => false,
    };
    entries.iter().any(|(key, value)| {
        MARKS.contains(&key.value.as_str()) || (key.value == "providers" && targets(&value.value))
    })
}

/// Lowers a file, saying of every key what becomes of it.
pub(crate) fn lower(
    file: &str,
    tree: &Tree<'_>,
    context: &Context<'_>,
    found: &mut Findings,
) -> Draft {
    let (problems, findings) = (found.problems.len(), found.findings.len());
    let draft = document(&mut Reader::new(file, tree, found), context);
    found.problems[problems..].sort_by_key(|problem| line(&problem.at));
    found.findings[findings..].sort_by_key(|finding| line(&finding.at));
    draft
}

fn line(at: &Origin) -> u64 {
    if let Origin::File { line, .. } = at { *line } else { 0 }
}

fn document(reader: &mut Reader<'_>, context: &Context<'_>) -> Draft {
    let mut draft = Draft::default();
    let Some(root) = reader.root() else { return draft };
    let shape = Shape::of(&root);
    let whole = reader.at(0, "");
    reader.found.notice(whole, shape.notice());
    draft.suggest("listen.port", Raw::Scalar(PORT.to_owned()), "the port of a Keeptrusts gateway");
    if shape.is_policy() {
        protection::judge_whole(reader, &root, context);
        return draft;
    }
    sections(reader, &root, context);
    pack(reader, &root);
    let providers = reader.section(&root, "providers");
    if let Some(providers) = &providers {
        let known = [PROVIDERS, protection::IN_PROVIDERS].concat();
        reader.survey(providers, &known);
        protection::judge(reader, providers, protection::IN_PROVIDERS, context);
    }
    models(reader, &root, providers.as_ref(), &mut draft);
    failover::read(reader, &root, providers.as_ref(), &mut draft);
    draft
}

/// The keys at the top. One that nobody knows may be a policy that is written wrong, so it is
/// treated like one.
fn sections<'a>(reader: &mut Reader<'a>, root: &Mapping<'a>, context: &Context<'_>) {
    let known = [SECTIONS, protection::SECTIONS].concat();
    for (key, field) in root.fields() {
        if known.iter().any(|(word, _)| *word == key) {
            continue;
        }
        if key.starts_with("x-") {
            reader.say(&field, Treatment::NoEffect, "is nobody's: only YAML anchors refer to it");
        } else {
            reader.unknown(&field, key, &known);
            protection::refuse(reader, &field, context);
        }
    }
    for (key, fate) in SECTIONS {
        if let (Some(field), Fate::Is(treatment, message)) = (root.get(key), fate) {
            reader.say(&field, *treatment, *message);
        }
    }
    protection::judge(reader, root, protection::SECTIONS, context);
}

fn pack<'a>(reader: &mut Reader<'a>, root: &Mapping<'a>) {
    let Some(pack) = reader.section(root, "pack") else { return };
    reader.survey(&pack, PACK);
    let Some(field) = pack.get("enabled") else { return };
    match reader.value::<bool>(&field) {
        Some(true) => reader.say(&field, Treatment::Exact, "the file is in use"),
        Some(false) => {
            let at = reader.place(&field);
            reader.problem(at, "the file is switched off", "write `true`, or leave the file out");
        }
        None => {}
    }
}

/// Backends, models and aliases.
fn models<'a>(
    reader: &mut Reader<'a>,
    root: &Mapping<'a>,
    providers: Option<&Mapping<'a>>,
    draft: &mut Draft,
) {
    let sharing = strategy::read(reader, root, providers);
    let targets = providers.map(|providers| target::read(reader, providers, draft));
    let targets = targets.unwrap_or_else(Targets::none);
    group::say_weights(reader, &targets.served, sharing);
    let own = model_groups::read(reader, root, providers, &targets, draft);
    let taken: Vec<&str> = own.iter().map(|group| group.name.text()).collect();
    let named = group::by_name(&targets.served, &taken, draft);
    let mut ids = BTreeSet::new();
    for group in named.iter().chain(&own) {
        draft.push("models[]", group.model(sharing, &mut ids));
    }
}

#[cfg(test)]
mod tests;
