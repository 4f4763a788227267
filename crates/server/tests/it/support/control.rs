//! A control that notes what it is told, and fails when a test says so.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use transom_core::backend::{BackendId, Has, Offer};
use transom_core::caller::Principal;
use transom_core::clock::Timestamp;
use transom_core::model::Source;
use transom_engine::control::{
    BackendView, Control, ControlError, KeySource, Marked, Marking, ModelView, Rejected, Revision,
    SealingKeyView, Wording, Write,
};
use transom_engine::gateway::Gateway;

use super::{NOON, REVISION, fleet};

/// A write: who, what, how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Mark(String, Marking),
    Write { by: String, name: Option<String>, json: String, wording: Wording, write: Write },
    Remove { by: String, name: String, deployment: Option<String> },
    AddKey { by: String },
    RemoveKey(String),
}

pub(crate) struct Fake {
    gateway: Arc<Gateway>,
    pub(crate) rejected: Mutex<Option<Vec<String>>>,
    pub(crate) fails: Mutex<Option<ControlError>>,
    told: Mutex<Vec<Told>>,
}

impl Fake {
    pub(super) fn new(gateway: &Arc<Gateway>) -> Self {
        Self {
            gateway: Arc::clone(gateway),
            rejected: Mutex::default(),
            fails: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// What it was told since it was last asked.
    pub(crate) fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn note(&self, told: Told) -> Result<(), ControlError> {
        if let Some(error) = self.fails.lock().unwrap().take() {
            return Err(error);
        }
        self.told.lock().unwrap().push(told);
        Ok(())
    }

    fn rejection(&self) -> Option<Rejected> {
        let problems = self.rejected.lock().unwrap().clone()?;
        Some(Rejected { at: Timestamp::from_millis(NOON * 1000), problems })
    }

    fn view(&self, name: &str) -> ModelView {
        let fleet = fleet::fleet();
        let model = fleet.models.iter().find(|model| model.name.as_str() == name).unwrap();
        let here = |id: &BackendId| model.deployments.iter().any(|d| d.backend == *id);
        let backends = fleet.backends.into_iter().filter(|spec| here(&spec.id)).collect();
        let at = Timestamp::from_millis(NOON * 1000);
        ModelView {
            model: model.clone(),
            backends,
            readiness: self.gateway.model_readiness(name).unwrap(),
            written: (model.source == Source::Admin).then_some((at, at)),
        }
    }
}

#[async_trait]
impl Control for Fake {
    fn revision(&self) -> Revision {
        Revision {
            number: REVISION,
            digest: "00ff".to_owned(),
            store: 3,
            since: Timestamp::from_millis(NOON * 1000),
            rejected: self.rejection(),
            left_out: vec!["policy-config.yaml:9 policies".to_owned()],
            restart: vec!["listen"],
        }
    }

    async fn reload(&self) -> Result<Revision, Rejected> {
        self.rejection().map_or_else(|| Ok(self.revision()), Err)
    }

    fn backends(&self) -> Vec<BackendView> {
        let models = fleet::fleet().models;
        let readiness =
            models.iter().filter_map(|model| self.gateway.model_readiness(model.name.as_str()));
        let readiness: Vec<_> = readiness.collect();
        let view = |spec: transom_core::backend::BackendSpec| {
            let deployments = readiness.iter().flat_map(|model| {
                let here = model.deployments.iter().filter(|seen| seen.backend == spec.id);
                here.map(|seen| (model.model.clone(), seen.clone()))
            });
            BackendView {
                state: fleet::state(&spec.id.0),
                marked: Marked::default(),
                load: fleet::load(&spec.id.0),
                served: fleet::served(&spec.id.0),
                offer: Offer { chat_completions: Has::Yes, responses: Has::No },
                deployments: deployments.collect(),
                spec,
            }
        };
        fleet::fleet().backends.into_iter().map(view).collect()
    }

    fn mark(&self, backend: &BackendId, marking: Marking) -> Result<BackendView, ControlError> {
        let found = self.backends().into_iter().find(|view| view.spec.id == *backend);
        let missing = || ControlError::NotFound(format!("no backend is called '{backend}'"));
        let view = found.ok_or_else(missing)?;
        self.note(Told::Mark(backend.to_string(), marking.clone()))?;
        let since = Some(Timestamp::from_millis(NOON * 1000));
        Ok(BackendView { marked: Marked { marking, since }, ..view })
    }

    async fn models(&self) -> Result<Vec<ModelView>, ControlError> {
        let models = fleet::fleet().models;
        Ok(models.iter().map(|model| self.view(model.name.as_str())).collect())
    }

    async fn write_model(
        &self,
        caller: &Principal,
        name: Option<&str>,
        json: &str,
        wording: Wording,
        write: Write,
    ) -> Result<ModelView, ControlError> {
        let (by, json) = (caller.scope.key.to_string(), json.to_owned());
        self.note(Told::Write { by, name: name.map(str::to_owned), json, wording, write })?;
        Ok(self.view("ranker"))
    }

    async fn remove_model(
        &self,
        caller: &Principal,
        name: &str,
        deployment: Option<&str>,
    ) -> Result<(), ControlError> {
        let deployment = deployment.map(str::to_owned);
        let by = caller.scope.key.to_string();
        self.note(Told::Remove { by, name: name.to_owned(), deployment })
    }

    fn sealing_keys(&self) -> Vec<SealingKeyView> {
        let key = |id: &str, source, made, seals| SealingKeyView {
            id: id.to_owned(),
            source,
            made,
            seals,
        };
        let at = Timestamp::from_millis(NOON * 1000);
        vec![
            key("aa", KeySource::Configuration, None, true),
            key("bb", KeySource::Store, Some(at), false),
        ]
    }

    async fn add_sealing_key(&self, caller: &Principal) -> Result<SealingKeyView, ControlError> {
        self.note(Told::AddKey { by: caller.scope.key.to_string() })?;
        Ok(self.sealing_keys().remove(1))
    }

    async fn remove_sealing_key(&self, id: &str) -> Result<(), ControlError> {
        self.note(Told::RemoveKey(id.to_owned()))
    }
}
