//! Listing models: what callers may ask for, under the names that they use.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use transom_core::failure::{Failure, Missing};

use crate::catalog::{Catalog, Group};
use crate::gateway::Gateway;

/// Who owns a model, as the list says it: the gateway hides who serves it.
const OWNER: &str = "transom";

/// A model as the list shows it.
#[derive(Debug, Serialize)]
struct Entry {
    id: Arc<str>,
    object: &'static str,
    /// When the configuration that has it took effect, in seconds since the Unix epoch.
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
        let data = entries(&live.catalog, live.since.seconds());
        let nothing_declared = live.catalog.groups.iter().all(|group| group.model.name.is_pattern());
        // Only servers can tell what a pattern stands for.
        if data.is_empty() && nothing_declared {
            self.somebody_ready(&live.catalog)?;
        }
        write(&List { object: "list", data })
    }

    /// The body of `GET /v1/models/{model}`.
    pub fn model(&self, model: &str) -> Result<Bytes, Failure> {
        let live = self.live.snapshot();
        let missing = || Failure::NotFound(Missing::Model(model.to_owned()));
        let listed = entries(&live.catalog, live.since.seconds());
        if let Some(entry) = listed.into_iter().find(|entry| &*entry.id == model) {
            return write(&entry);
        }
        // A hidden model is known to those who know its name.
        match live.catalog.find(model) {
            Some(found) if !found.group.model.name.is_pattern() => {
                write(&entry(Arc::from(model), &found.group, live.since.seconds()))
            }
            Some(found) => {
                self.somebody_ready(&live.catalog)?;
                // A server that lists nothing serves what it is asked for.
                let lists = found.group.targets.iter().any(|t| !t.upstream.served().is_empty());
                if lists {
                    return Err(missing());
                }
                write(&entry(Arc::from(model), &found.group, live.since.seconds()))
            }
            None => Err(missing()),
        }
    }

    #[expect(clippy::unused_self, reason = "reads like the question next to it")]
    fn somebody_ready(&self, catalog: &Catalog) -> Result<(), Failure> {
        let mut states = catalog.targets().map(|(_, target)| target.state());
        if states.any(|state| state.takes_requests()) {
            return Ok(());
        }
        let state = catalog.targets().map(|(_, target)| target.state()).next();
        Err(crate::dispatch::not_ready(state.as_ref()))
    }
}

fn entries(catalog: &Catalog, created: i64) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    let mut add = |new: Entry| {
        if !all.iter().any(|known| known.id == new.id) {
            all.push(new);
        }
    };
    for group in catalog.groups.iter().filter(|group| !group.model.hidden) {
        if group.model.name.is_pattern() {
            for id in served_under(group) {
                add(entry(id, group, created));
            }
        } else {
            add(entry(group.model.name.shared(), group, created));
        }
    }
    for alias in catalog.aliases.iter().filter(|alias| !alias.hidden) {
        if let Some(found) = catalog.find(&alias.name) {
            add(entry(Arc::clone(&alias.name), &found.group, created));
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

fn entry(id: Arc<str>, group: &Group, created: i64) -> Entry {
    let lengths = group.targets.iter().filter_map(|target| target.max_model_len(&id));
    Entry { max_model_len: lengths.min(), id, object: "model", created, owned_by: OWNER }
}

fn write(value: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| Failure::Internal(error.into()))
}
