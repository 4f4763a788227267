//! Sealing keys as operators see and change them.

use std::sync::Arc;

use transom_core::caller::Principal;
use transom_engine::control::{ControlError, KeySource, SealingKeyView};
use transom_sealing::keyring::Key;

use super::Controller;

impl Controller {
    /// Every key in effect.
    pub(super) fn keys_in_effect(&self) -> Vec<SealingKeyView> {
        let ring = Arc::clone(&self.gateway.snapshot().keyring);
        let seals = ring.seals(self.timestamp()).id();
        let view = |key: &Key, source, made| SealingKeyView {
            id: key.id().to_string(),
            source,
            made,
            seals: key.id() == seals,
        };
        let configured = ring.configured().iter();
        let configured = configured.map(|key| view(key, KeySource::Configuration, None));
        let kept = ring.kept().iter();
        let kept = kept.map(|kept| view(&kept.key, KeySource::Store, Some(kept.made)));
        configured.chain(kept).collect()
    }

    /// Makes a key. Where keys are configured one of the store would never seal.
    pub(super) async fn add_key(&self, caller: &Principal) -> Result<SealingKeyView, ControlError> {
        if !self.gateway.snapshot().keyring.configured().is_empty() {
            let message = "the sealing keys are configured: add a new one in front of them there";
            return Err(ControlError::ReadOnly(message.to_owned()));
        }
        let id = self.locksmith.add(&caller.scope).await?;
        self.reloaded().await?;
        let found = self.keys_in_effect().into_iter().find(|key| key.id == id);
        found.ok_or_else(|| missing(&id))
    }

    /// Takes a key out of the store, unless it is the one that seals.
    pub(super) async fn remove_key(&self, id: &str) -> Result<(), ControlError> {
        let found = self.keys_in_effect().into_iter().find(|key| key.id == id);
        let key = found.ok_or_else(|| missing(id))?;
        if key.source == KeySource::Configuration {
            let message = format!("the sealing key '{id}' is configured: take it out there");
            return Err(ControlError::ReadOnly(message));
        }
        if key.seals {
            let message = format!("the sealing key '{id}' is in use: add a new one first");
            return Err(ControlError::Conflict(message));
        }
        if !self.locksmith.store.remove_key(id).await? {
            return Err(missing(id));
        }
        self.reloaded().await
    }
}

fn missing(id: &str) -> ControlError {
    ControlError::NotFound(format!("no sealing key is called '{id}'"))
}
