//! One round of putting the layers together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use transom_core::{
    backend::{BackendKey, BackendSpec},
    fleet::{Fleet, Routing},
    model::{DeploymentId, Model, Source},
};

use super::{
    Layer,
    references::{Reference, Target},
};
use crate::{
    Origin, Problem,
    draft::Entry,
    resolve::{Authority, Effective, Listed, Resolver},
    section::{
        aliases, backends,
        deployments::{self, Defaults},
        models::{self, FALLBACKS},
    },
    value::Raw,
};

const DEPLOYMENTS: &str = "models[].deployments[]";
const ID: &str = "models[].deployments[].id";

/// Who declared a name first. The upstream that is named without a file has no layer.
pub(super) struct Claim {
    pub(super) layer: Option<usize>,
    pub(super) origin: Origin,
}

/// What has been put together so far.
pub(super) struct Assembly<'a> {
    pub(super) fleet: Fleet,
    pub(super) origins: Vec<(String, Origin)>,
    pub(super) shown: Vec<Listed>,
    /// By layer.
    pub(super) problems: Vec<Vec<Problem>>,
    /// Of plain settings.
    pub(super) common: Vec<Problem>,
    pub(super) references: Vec<Reference>,
    pub(super) defaults: &'a Defaults<'a>,
    pub(super) names: BTreeMap<Arc<str>, Claim>,
    pub(super) servers: BTreeMap<Arc<str>, Claim>,
    pub(super) ids: BTreeSet<Arc<str>>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(routing: Routing, defaults: &'a Defaults<'a>, layers: usize) -> Self {
        let fleet =
            Fleet { backends: Vec::new(), models: Vec::new(), aliases: Vec::new(), routing };
        Self {
            fleet,
            origins: Vec::new(),
            shown: Vec::new(),
            problems: (0..layers).map(|_| Vec::new()).collect(),
            common: Vec::new(),
            references: Vec::new(),
            defaults,
            names: BTreeMap::new(),
            servers: BTreeMap::new(),
            ids: BTreeSet::new(),
        }
    }

    /// Adds what a source declares and no source before it.
    pub(super) fn layer(&mut self, resolver: &mut Resolver<'_>, index: usize, layer: &Layer) {
        if !layer.problems.is_empty() {
            // Nothing of a row that is refused is looked at, least of all the files it names.
            return self.problems[index].extend(layer.problems.iter().cloned());
        }
        let before = std::mem::take(&mut resolver.findings.problems);
        for entry in layer.lists.entries("backends[]") {
            self.backend(resolver, index, entry);
        }
        for entry in layer.lists.entries("models[]") {
            self.model(resolver, index, layer, entry);
        }
        for entry in layer.lists.entries("aliases[]") {
            self.alias(resolver, index, layer, entry);
        }
        self.problems[index].append(&mut resolver.findings.problems);
        resolver.findings.problems = before;
    }

    fn backend(&mut self, resolver: &mut Resolver<'_>, index: usize, entry: &Entry) {
        let limits = self.defaults.limits;
        let (spec, listed) = resolver
            .within("backends[]", entry, |resolver, at| backends::resolve(resolver, at, limits));
        let Some(spec) = spec else {
            // Deployments that name it are not at fault.
            if let Some(Raw::Scalar(name)) = entry.draft.best("backends[].name").map(|at| &at.raw) {
                let origin = entry.origin.clone();
                let claim = Claim { layer: Some(index), origin };
                self.servers.entry(name.trim().into()).or_insert(claim);
            }
            return;
        };
        let at = || origin(&listed, "backends[].name");
        let Some(claim) = self.servers.get(&spec.id.0) else {
            self.servers.insert(Arc::clone(&spec.id.0), Claim { layer: Some(index), origin: at() });
            self.fleet.backends.push(spec);
            self.shown.push(listed);
            return;
        };
        let twin = self.fleet.backends.iter().any(|known| same(known, &spec));
        if claim.layer == Some(index) {
            let message = format!("`{}` is declared twice, first in {}", spec.id, claim.origin);
            resolver.problem(Problem::new(at(), message).hint("give one of them another name"));
        } else if !twin {
            let message =
                format!("`{}` is declared with other settings in {}", spec.id, claim.origin);
            resolver.problem(Problem::new(at(), message).hint("give one of them another name"));
        }
    }

    fn model(&mut self, resolver: &mut Resolver<'_>, index: usize, layer: &Layer, entry: &Entry) {
        let defaults = self.defaults;
        let (model, mut listed) = resolver.within("models[]", entry, |resolver, at| {
            let mut model = models::resolve(resolver, at, layer.source())?;
            for entry in entry.draft.entries(DEPLOYMENTS) {
                let (deployment, listed) = resolver.within(DEPLOYMENTS, entry, |resolver, at| {
                    deployments::resolve(resolver, at, defaults)
                });
                if let Some(deployment) = deployment {
                    model.deployments.push(deployment);
                    resolver.shown.entries.push(listed);
                }
            }
            Some(model)
        });
        let Some(mut model) = model else { return };
        let at = origin(&listed, "models[].name");
        let joins = match self.claim(resolver, index, layer, &model.name.shared(), &at) {
            Claimed::Now => false,
            Claimed::Before if self.fleet.models.iter().any(|known| known.name == model.name) => {
                true
            }
            Claimed::Before => return self.twice(resolver, model.name.as_str(), at),
            Claimed::Elsewhere => return,
        };
        self.identify(resolver, &mut model, &mut listed);
        self.refer(index, &model, &listed);
        self.shown.push(listed);
        if joins {
            let known = self.fleet.models.iter_mut().find(|known| known.name == model.name);
            if let Some(known) = known {
                models::join(known, model);
            }
        } else {
            self.origins.push((model.name.to_string(), at));
            self.fleet.models.push(model);
        }
    }

    fn alias(&mut self, resolver: &mut Resolver<'_>, index: usize, layer: &Layer, entry: &Entry) {
        let (alias, listed) = resolver.within("aliases[]", entry, aliases::resolve);
        let Some(alias) = alias else { return };
        let at = origin(&listed, "aliases[].name");
        match self.claim(resolver, index, layer, &alias.name, &at) {
            Claimed::Now => {}
            Claimed::Before => return self.twice(resolver, &alias.name, at),
            Claimed::Elsewhere => return,
        }
        self.references.push(Reference {
            layer: Some(index),
            at: origin(&listed, "aliases[].model"),
            target: Target::Aliased,
            name: Arc::clone(&alias.model),
        });
        self.fleet.aliases.push(alias);
        self.shown.push(listed);
    }

    /// Takes a name of a model or an alias for a layer, unless an earlier layer has it.
    fn claim(
        &mut self,
        resolver: &mut Resolver<'_>,
        index: usize,
        layer: &Layer,
        name: &Arc<str>,
        at: &Origin,
    ) -> Claimed {
        let Some(claim) = self.names.get(name) else {
            let claim = Claim { layer: Some(index), origin: at.clone() };
            self.names.insert(Arc::clone(name), claim);
            return Claimed::Now;
        };
        if claim.layer == Some(index) {
            return Claimed::Before;
        }
        let message = format!("`{name}` is not used: {} declares it and wins", claim.origin);
        match layer.source() {
            Source::File => resolver.findings.notice(at.clone(), message),
            Source::Admin => resolver.problem(Problem::new(at.clone(), message)),
        }
        Claimed::Elsewhere
    }

    fn twice(&self, resolver: &mut Resolver<'_>, name: &str, at: Origin) {
        let first = self.names.get(name).map_or_else(String::new, |claim| claim.origin.to_string());
        let message = format!("`{name}` is declared twice, first in {first}");
        resolver.problem(Problem::new(at, message).hint("give one of them another name"));
    }

    /// Gives deployments their ids: the written one, or one made of model and server.
    fn identify(&mut self, resolver: &mut Resolver<'_>, model: &mut Model, listed: &mut Listed) {
        for (deployment, listed) in model.deployments.iter_mut().zip(&mut listed.shown.entries) {
            if !deployment.id.0.is_empty() {
                if !self.ids.insert(Arc::clone(&deployment.id.0)) {
                    let message = format!("`{}` is the id of another deployment", deployment.id);
                    resolver.problem(Problem::new(origin(listed, ID), message));
                }
                continue;
            }
            let first = format!("{}@{}", model.name, deployment.backend);
            let mut id: Arc<str> = first.as_str().into();
            let mut number = 2_u32;
            while !self.ids.insert(Arc::clone(&id)) {
                id = format!("{first}#{number}").into();
                number += 1;
            }
            listed.shown.values.push(Effective {
                path: ID,
                raw: Some(Raw::Scalar(id.to_string())),
                origin: Origin::Default(Some("the model and its server")),
                authority: Authority::Default,
            });
            deployment.id = DeploymentId(id);
        }
    }

    /// Notes what the names in a model have to be, to be checked when every name is known.
    fn refer(&mut self, index: usize, model: &Model, listed: &Listed) {
        let layer = Some(index);
        for (deployment, listed) in model.deployments.iter().zip(&listed.shown.entries) {
            let at = origin(listed, "models[].deployments[].backend");
            let name = Arc::clone(&deployment.backend.0);
            self.references.push(Reference { layer, at, target: Target::Backend, name });
        }
        let lists = [&model.fallbacks, &model.context_fallbacks, &model.content_fallbacks];
        for (path, names) in FALLBACKS.into_iter().zip(lists) {
            for name in names {
                self.references.push(Reference {
                    layer,
                    at: origin(listed, path),
                    target: Target::Fallback { of: model.name.shared() },
                    name: Arc::clone(name),
                });
            }
        }
    }

    pub(super) fn has_server(&self, name: &str) -> bool {
        self.servers.contains_key(name)
    }

    pub(super) fn server_names(&self) -> impl Iterator<Item = &str> {
        self.servers.keys().map(|name| &**name)
    }

    pub(super) fn layer_of(&self, name: &str) -> Option<usize> {
        self.names.get(name)?.layer
    }
}

/// What became of a claim to a name.
enum Claimed {
    /// It is the layer's now.
    Now,
    /// It is the layer's already.
    Before,
    /// An earlier layer has it; that was said.
    Elsewhere,
}

/// Where a setting of an entry was written; the entry when it was not.
fn origin(listed: &Listed, path: &str) -> Origin {
    let value = listed.shown.values.iter().find(|value| value.path == path);
    value.map_or(&listed.origin, |value| &value.origin).clone()
}

fn same(left: &BackendSpec, right: &BackendSpec) -> bool {
    let keys = match (&left.key, &right.key) {
        (BackendKey::Key(left), BackendKey::Key(right)) => left.expose() == right.expose(),
        (BackendKey::None, BackendKey::None) | (BackendKey::Missing(_), BackendKey::Missing(_)) => {
            true
        }
        _ => false,
    };
    let BackendSpec { id, url, tls, connect_timeout, probe, api_kind, .. } = left;
    keys && (id, url, tls) == (&right.id, &right.url, &right.tls)
        && (connect_timeout, probe, api_kind)
            == (&right.connect_timeout, &right.probe, &right.api_kind)
}
