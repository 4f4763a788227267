//! The models as requests find them, and what was learnt about where they are served.
//!
//! # Layout
//!
//! - [`Catalog`]: from a name to a [`Group`], made anew with each snapshot.
//! - [`group`]: the deployments of one model and the memory they share.
//! - [`target`]: one deployment with its server and its counters.
//! - `line`: who waits for a place.
//!
//! What was learnt (breakers, latencies, counters, who waits) is kept by name and outlives the
//! snapshot: [`Catalog::build`] takes it over from the one before.

use std::collections::HashMap;
use std::sync::Arc;

use transom_core::backend::BackendId;
use transom_core::fleet::{Fleet, Routing};
use transom_core::model::{Alias, DeploymentId};
use transom_core::port::upstream::Upstream;

pub(crate) mod group;
pub(crate) mod line;
pub(crate) mod target;

pub(crate) use group::Group;
use group::Memory;
pub(crate) use target::{Flight, Target};
use target::Track;

/// The models of one snapshot.
pub struct Catalog {
    /// Every plain name and every alias.
    by_name: HashMap<Arc<str>, Found>,
    /// Models whose name is a pattern, the most specific first.
    patterns: Vec<Arc<Group>>,
    /// In the order of the configuration.
    pub(crate) groups: Vec<Arc<Group>>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) routing: Arc<Routing>,
    tracks: HashMap<DeploymentId, Arc<Track>>,
}

/// A model that a name stands for.
#[derive(Clone)]
pub(crate) struct Found {
    /// The model.
    pub(crate) group: Arc<Group>,
    /// The name without aliases: the model's own, or one that its pattern matches.
    pub(crate) name: Arc<str>,
}

/// A fleet that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("deployment {deployment} names backend {backend}, which does not exist")]
pub struct MissingBackend {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The backend.
    pub backend: BackendId,
}

impl Catalog {
    /// Makes the catalog of `fleet`; what was learnt in `before` stays where the deployment stays.
    pub fn build(
        fleet: &Fleet,
        backend: &dyn Fn(&BackendId) -> Option<Arc<dyn Upstream>>,
        before: Option<&Self>,
    ) -> Result<Self, MissingBackend> {
        let routing = Arc::new(fleet.routing.clone());
        let mut tracks = HashMap::new();
        let mut groups = Vec::with_capacity(fleet.models.len());
        for model in &fleet.models {
            let mut targets = Vec::with_capacity(model.deployments.len());
            for deployment in &model.deployments {
                let upstream = backend(&deployment.backend).ok_or_else(|| MissingBackend {
                    deployment: deployment.id.clone(),
                    backend: deployment.backend.clone(),
                })?;
                let old = before.and_then(|before| before.target(&deployment.id));
                let track = tracks
                    .entry(deployment.id.clone())
                    .or_insert_with(|| Track::carry(old, deployment, &upstream, &routing));
                let track = Arc::clone(track);
                targets.push(Arc::new(Target { deployment: deployment.clone(), upstream, track }));
            }
            let memory = before
                .and_then(|before| before.group(model.name.as_str()))
                .map(|group| &group.memory);
            let memory = Memory::carry(memory, model, &routing, &targets);
            groups.push(Arc::new(Group::new(model.clone(), targets, memory, routing.clone())));
        }
        Ok(Self::of(groups, fleet.aliases.clone(), routing, tracks))
    }

    fn of(
        groups: Vec<Arc<Group>>,
        aliases: Vec<Alias>,
        routing: Arc<Routing>,
        tracks: HashMap<DeploymentId, Arc<Track>>,
    ) -> Self {
        let mut by_name = HashMap::new();
        let mut patterns = Vec::new();
        for group in &groups {
            if group.model.name.is_pattern() {
                patterns.push(Arc::clone(group));
            } else {
                let name = group.model.name.shared();
                by_name.insert(Arc::clone(&name), Found { group: Arc::clone(group), name });
            }
        }
        // The longest pattern says most.
        patterns.sort_by_key(|group| std::cmp::Reverse(group.model.name.as_str().len()));
        let mut catalog = Self { by_name, patterns, groups, aliases, routing, tracks };
        for alias in &catalog.aliases {
            if let Some(found) = catalog.find(&alias.model) {
                catalog.by_name.insert(Arc::clone(&alias.name), found);
            }
        }
        catalog
    }

    /// The model that `name` stands for: its own name or an alias, otherwise the first pattern.
    pub(crate) fn find(&self, name: &str) -> Option<Found> {
        if let Some(found) = self.by_name.get(name) {
            return Some(found.clone());
        }
        let group = self.patterns.iter().find(|group| group.model.name.matched(name).is_some())?;
        Some(Found { group: Arc::clone(group), name: Arc::from(name) })
    }

    /// Every target, those of a model that several names share once for each model.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&Group, &Arc<Target>)> {
        self.groups.iter().flat_map(|group| group.targets.iter().map(move |target| (&**group, target)))
    }

    /// The model that is declared under this very name.
    fn group(&self, name: &str) -> Option<&Arc<Group>> {
        self.groups.iter().find(|group| group.model.name.as_str() == name)
    }

    fn target(&self, id: &DeploymentId) -> Option<&Arc<Target>> {
        self.tracks.get(id)?;
        self.targets().map(|(_, target)| target).find(|target| target.deployment.id == *id)
    }

    /// Lets everybody who waits look again.
    pub(crate) fn wake_everybody(&self) {
        for group in &self.groups {
            group.memory.line.look_again();
        }
    }
}

#[cfg(test)]
mod tests;
