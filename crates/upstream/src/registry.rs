//! The servers of one configuration, carried over to the next.
//!
//! A reload builds the next [`Backends`] aside with [`Backends::reconcile`], while the old ones go
//! on serving; when everything else of the new configuration is in order too, it is put in their
//! place with [`Backends::supersede`]. One that is dropped instead leaves no trace.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};
use transom_core::backend::{BackendId, BackendSpec};

use crate::backend::settings::Settings;
use crate::backend::{Backend, BackendError};
use crate::probe;

/// The servers of one configuration.
#[derive(Default)]
pub struct Backends {
    entries: BTreeMap<BackendId, Entry>,
}

/// A server and its probe, which ends with the last configuration that has it, or earlier.
#[derive(Clone)]
struct Entry {
    backend: Arc<Backend>,
    probe: CancellationToken,
    _until_dropped: Arc<DropGuard>,
}

/// A server of the new configuration that cannot be built.
#[derive(Debug, thiserror::Error)]
pub struct Faulty {
    /// Which one.
    pub backend: BackendId,
    /// What is wrong.
    #[source]
    pub error: BackendError,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backend {}: {}", self.backend, self.error)
    }
}

impl Entry {
    fn start(backend: Backend, settings: &Settings) -> Self {
        let (backend, probe) = (Arc::new(backend), settings.cancel.child_token());
        settings.tracker.spawn(probe::run(Arc::clone(&backend), probe.clone()));
        let guard = Arc::new(probe.clone().drop_guard());
        Self { backend, probe, _until_dropped: guard }
    }
}

impl Backends {
    /// The servers of the next configuration. Those that are declared as before are the very same
    /// ones; changed ones take over what they can; new ones, and changed ones, are probed from now
    /// on. Nothing of `old` changes. Fails with everything that is wrong, not just the first.
    pub fn reconcile(
        old: &Self,
        specs: &[BackendSpec],
        settings: &Settings,
    ) -> Result<Self, Vec<Faulty>> {
        let (mut entries, mut faults) = (BTreeMap::new(), Vec::new());
        for spec in specs {
            let carry = old.entries.get(&spec.id);
            let entry = match carry {
                Some(same) if same.backend.is_declared_as(spec) => Ok(same.clone()),
                _ => Backend::new(spec, settings, carry.map(|entry| &*entry.backend))
                    .map(|backend| Entry::start(backend, settings)),
            };
            match entry {
                Ok(entry) => {
                    entries.insert(spec.id.clone(), entry);
                }
                Err(error) => faults.push(Faulty { backend: spec.id.clone(), error }),
            }
        }
        if faults.is_empty() { Ok(Self { entries }) } else { Err(faults) }
    }

    /// Takes the place of `old`: servers that are not here any more are no longer probed, what
    /// operators have said meanwhile is kept, and requests that wait for a server that has gone
    /// are woken (it is [draining](transom_core::backend::BackendState::Draining) then). Requests
    /// in flight go on. Servers that stay are asked at once: a name that the new configuration
    /// sends may be one that they have just begun to serve.
    pub fn supersede(&self, old: &Self, settings: &Settings) {
        for (id, before) in &old.entries {
            let now = self.entries.get(id);
            if now.is_some_and(|now| Arc::ptr_eq(&now.backend, &before.backend)) {
                before.backend.doubt();
                continue;
            }
            let operator = before.backend.operator();
            if let Some(now) = now.filter(|now| now.backend.operator() != operator) {
                now.backend.set_override(operator);
            }
            before.probe.cancel();
            before.backend.retire();
        }
        for backend in self.iter() {
            backend.set_grace(settings.startup_grace);
        }
    }

    /// The server of this name.
    pub fn get(&self, id: &BackendId) -> Option<Arc<Backend>> {
        self.entries.get(id).map(|entry| Arc::clone(&entry.backend))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Backend>> {
        self.entries.values().map(|entry| &entry.backend)
    }
}
