//! Listing models: what callers may ask for, under the names that they use.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use transom_core::failure::{Failure, Missing};

use crate::catalog::{Catalog, Found, Group};
use crate::gateway::Gateway;

/// Who owns a model, as the list says it: the gateway hides who serves it.
const OWNER: &str = "transom";

/// A model as the list shows it.
#[derive(Debug, Serialize)]
struct Entry {
    id: Arc<str>,
    object: &'static str,
    /// When the gateway was started, in seconds since the Unix epoch: it does not know more.
    created: i64,
    owned_by: &'static str,
    /// The longest prompt and answer together, in tokens, that every deployment takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_model_len: Option<u32>,
}

#[derive(Serialize)]
struct List {
    object: &'static str,
    data: Vec<Entry>,
}

impl Gateway {
    /// The body of `GET /v1/models`.
    pub fn models(&self) -> Result<Bytes, Failure> {
        let live = self.live.snapshot();
        let data = entries(&live.catalog, self.started.seconds());
        let nothing_declared =
            live.catalog.groups.iter().all(|group| group.model.name.is_pattern());
        // Only servers can tell what a pattern stands for.
        if data.is_empty() && nothing_declared {
            somebody_ready(&live.catalog.groups)?;
        }
        write(&List { object: "list", data })
    }

    /// The body of `GET /v1/models/{model}`. A hidden model is known to those who know its name.
    pub fn model(&self, model: &str) -> Result<Bytes, Failure> {
        let live = self.live.snapshot();
        let missing = || Failure::NotFound(Missing::Model(model.to_owned()));
        let Found { group, name } = live.catalog.find(model).ok_or_else(missing)?;
        if group.model.name.is_pattern() {
            somebody_ready(std::slice::from_ref(&group))?;
            // A server that lists nothing serves what it is asked for.
            let lists = group.targets.iter().any(|target| !target.upstream.served().is_empty());
            if lists && !served_under(&group).contains(&name) {
                return Err(missing());
            }
        }
        write(&entry(Arc::from(model), &name, &group, self.started.seconds()))
    }
}

fn somebody_ready(groups: &[Arc<Group>]) -> Result<(), Failure> {
    let targets = groups.iter().flat_map(|group| &group.targets);
    let states: Vec<_> = targets.map(|target| target.state()).collect();
    match states.iter().min_by_key(|state| state.rank()) {
        Some(best) if best.takes_requests() => Ok(()),
        best => Err(crate::dispatch::not_ready(best)),
    }
}

fn entries(catalog: &Catalog, created: i64) -> Vec<Entry> {
    let (mut all, mut known) = (Vec::new(), HashSet::new());
    let mut add = |id: Arc<str>, name: &Arc<str>, group: &Group| {
        if known.insert(Arc::clone(&id)) {
            all.push(entry(id, name, group, created));
        }
    };
    for group in catalog.groups.iter().filter(|group| !group.model.hidden) {
        let names = if group.model.name.is_pattern() {
            served_under(group)
        } else {
            vec![group.model.name.shared()]
        };
        for name in names {
            add(Arc::clone(&name), &name, group);
        }
    }
    for alias in catalog.aliases.iter().filter(|alias| !alias.hidden) {
        if let Some(Found { group, name }) = catalog.find(&alias.name) {
            add(Arc::clone(&alias.name), &name, &group);
        }
    }
    all
}

/// The names that a pattern stands for: those its servers list, as clients have to write them.
fn served_under(group: &Group) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    for target in &group.targets {
        for served in target.upstream.served().iter() {
            names.extend(target.deployment.upstream.asked_for(&served.id, &group.model.name));
        }
    }
    names
}

/// The model that clients call `id`, whose name is `name` without aliases.
fn entry(id: Arc<str>, name: &Arc<str>, group: &Group, created: i64) -> Entry {
    let matched = group.model.name.matched(name).unwrap_or_default();
    let lengths = group.targets.iter().filter_map(|target| target.max_model_len(name, matched));
    Entry { max_model_len: lengths.min(), id, object: "model", created, owned_by: OWNER }
}

fn write(value: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| Failure::Internal(error.into()))
}

#[cfg(test)]
mod tests;
