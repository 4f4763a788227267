//! The models as requests find them, and what was learnt about where they are served.
//!
//! # Layout
//!
//! - [`Catalog`]: from a name to a `Group`, made anew with each snapshot.
//! - `group`: the deployments of one model, and how one of them is chosen; `survey`: what follows
//!   when none can be. `memory`: what they share.
//! - `target`: one deployment with its server, and `listing`, what the server lists; `track`: what
//!   was learnt about it, and `digest`, what a choice reads of that; `flight`: one request there.
//! - `line`: who waits for a place. `rehearsal`: a choice that nothing is sent for.
//!
//! What was learnt (breakers, latencies, counters, who waits) is kept by name and outlives the
//! snapshot: [`Catalog::build`] takes it over from the one before.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use transom_core::backend::{ApiKind, BackendId};
use transom_core::fleet::{Fleet, Routing};
use transom_core::model::{Alias, DeploymentId};
use transom_core::port::upstream::Upstream;

mod digest;
mod flight;
mod group;
pub(crate) mod line;
mod listing;
mod memory;
mod rehearsal;
mod survey;
mod target;
mod track;

use digest::Epoch;
pub(crate) use flight::Flight;
pub(crate) use group::{Group, Length, Speed, Wanted};
use memory::Memory;
pub(crate) use survey::{Choice, Nobody, Wait};
pub(crate) use target::Target;
pub(crate) use track::Tokenizer;

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
    /// By the name under which it is declared, which may be a pattern.
    declared: HashMap<Arc<str>, Arc<Group>>,
    targets: HashMap<DeploymentId, Arc<Target>>,
    epoch: Epoch,
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
        let epoch = before.map_or_else(Epoch::begin, |before| before.epoch);
        let mut catalog = Self::empty(Arc::clone(&routing), fleet.aliases.clone(), epoch);
        for model in &fleet.models {
            let mut targets = Vec::with_capacity(model.deployments.len());
            for deployment in &model.deployments {
                let upstream = backend(&deployment.backend).ok_or_else(|| MissingBackend {
                    deployment: deployment.id.clone(),
                    backend: deployment.backend.clone(),
                })?;
                let old = before.and_then(|before| before.targets.get(&deployment.id));
                let target = Target::new(deployment.clone(), upstream, &routing, epoch, old);
                let target = Arc::new(target);
                catalog.targets.insert(deployment.id.clone(), Arc::clone(&target));
                targets.push(target);
            }
            let old = before.and_then(|before| before.declared.get(model.name.as_str()));
            let memory = Memory::carry(old.map(|old| &**old), model, &routing, &targets);
            let group = Group::new(model.clone(), targets, memory, Arc::clone(&routing), epoch);
            catalog.add(Arc::new(group));
        }
        catalog.index();
        Ok(catalog)
    }

    fn empty(routing: Arc<Routing>, aliases: Vec<Alias>, epoch: Epoch) -> Self {
        Self {
            by_name: HashMap::new(),
            patterns: Vec::new(),
            groups: Vec::new(),
            declared: HashMap::new(),
            targets: HashMap::new(),
            aliases,
            routing,
            epoch,
        }
    }

    fn add(&mut self, group: Arc<Group>) {
        let name = group.model.name.shared();
        self.declared.insert(Arc::clone(&name), Arc::clone(&group));
        if group.model.name.is_pattern() {
            self.patterns.push(Arc::clone(&group));
        } else {
            self.by_name.insert(Arc::clone(&name), Found { group: Arc::clone(&group), name });
        }
        self.groups.push(group);
    }

    /// Puts the patterns into the order in which they are tried, and finds what aliases stand for.
    fn index(&mut self) {
        // The longest pattern says most.
        self.patterns.sort_by_key(|group| Reverse(group.model.name.as_str().len()));
        let found = |alias: &Alias| Some((Arc::clone(&alias.name), self.find(&alias.model)?));
        let found: Vec<_> = self.aliases.iter().filter_map(found).collect();
        for (name, found) in found {
            // A model's own name is never another one's.
            self.by_name.entry(name).or_insert(found);
        }
    }

    /// The model that `name` stands for: its own name or an alias, otherwise the first pattern.
    pub(crate) fn find(&self, name: &str) -> Option<Found> {
        if let Some(found) = self.by_name.get(name) {
            return Some(found.clone());
        }
        let group = self.patterns.iter().find(|group| group.model.name.matched(name).is_some())?;
        Some(Found { group: Arc::clone(group), name: Arc::from(name) })
    }

    /// Whether any server is asked for turns at its own `/v1/responses`.
    pub(crate) fn asks_for_responses(&self) -> bool {
        self.targets.values().any(|target| target.upstream.api_kind() == ApiKind::Responses)
    }

    /// Lets everybody who waits look again.
    pub(crate) fn wake_everybody(&self) {
        for group in &self.groups {
            group.memory.lines.look_again();
        }
    }
}

#[cfg(test)]
mod tests;
