//! The engine's [`Control`], for the admin API.

use std::sync::{MutexGuard, PoisonError};

use async_trait::async_trait;
use transom_core::backend::BackendId;
use transom_core::caller::Principal;
use transom_engine::control::{
    BackendView, Control, ControlError, Marking, ModelView, Rejected, Revision, SealingKeyView,
    Wording, Write,
};

use super::Controller;
use super::marks::{Marks, as_override};
use super::view::now;

impl Controller {
    /// No code panics while it holds the lock, so a poisoned one is as good.
    pub(super) fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Control for Controller {
    fn revision(&self) -> Revision {
        self.now().revision.clone()
    }

    async fn reload(&self) -> Result<Revision, Rejected> {
        Controller::reload(self).await
    }

    fn backends(&self) -> Vec<BackendView> {
        let models = self.gateway.models_readiness();
        let backends = self.now().backends.clone();
        backends.iter().map(|backend| self.view_of(backend, &models)).collect()
    }

    fn mark(&self, id: &BackendId, marking: Marking) -> Result<BackendView, ControlError> {
        let missing = || ControlError::NotFound(format!("no backend is called '{id}'"));
        let backend = self.now().backends.get(id).ok_or_else(missing)?;
        let now = now();
        backend.set_override(as_override(&marking, now));
        self.marks().set(id.clone(), marking, self.timestamp(), now);
        Ok(self.view_of(&backend, &self.gateway.models_readiness()))
    }

    async fn models(&self) -> Result<Vec<ModelView>, ControlError> {
        let models = self.gateway.models_in_effect();
        let view = |(model, readiness)| self.view_of_model(&model, readiness);
        Ok(models.into_iter().map(view).collect())
    }

    async fn write_model(
        &self,
        caller: &Principal,
        name: Option<&str>,
        json: &str,
        wording: Wording,
        write: Write,
    ) -> Result<ModelView, ControlError> {
        let name = self.write_row(caller, name, json, wording, write).await?;
        self.in_effect(&name).await
    }

    async fn remove_model(
        &self,
        caller: &Principal,
        name: &str,
        deployment: Option<&str>,
    ) -> Result<(), ControlError> {
        self.remove_row(caller, name, deployment).await
    }

    fn sealing_keys(&self) -> Vec<SealingKeyView> {
        self.keys_in_effect()
    }

    async fn add_sealing_key(&self, caller: &Principal) -> Result<SealingKeyView, ControlError> {
        self.add_key(caller).await
    }

    async fn remove_sealing_key(&self, id: &str) -> Result<(), ControlError> {
        self.remove_key(id).await
    }
}
