//! The port of those who change a running gateway: the admin API on one side, the composition root
//! on the other. Everything behind it takes effect as a new [`crate::live::Snapshot`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use transom_core::backend::{BackendId, BackendSpec, BackendState, Load, Offer, ServedModel};
use transom_core::caller::Principal;
use transom_core::clock::Timestamp;
use transom_core::model::Model;
use transom_core::port::store::StoreError;

use crate::readiness::{DeploymentReadiness, ModelReadiness};

/// The configuration in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Counts the configurations of this process, from 1.
    pub number: u64,
    /// Tells configurations apart: equal on every replica that runs the same one.
    pub digest: String,
    /// Counts the changes of the models in the store, on every replica alike.
    pub store: i64,
    /// When it took effect.
    pub since: Timestamp,
    /// Why a newer one is not in effect; `None`: there is none.
    pub rejected: Option<Rejected>,
    /// What was left out of the files, as `FILE:LINE SECTION`.
    pub left_out: Vec<String>,
    /// Settings that are different in the files now, and take effect after a restart only.
    pub restart: Vec<&'static str>,
}

/// A configuration that was refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// When it was seen.
    pub at: Timestamp,
    /// Every problem, each with its place and a hint.
    pub problems: Vec<String>,
}

/// A server as operators see it.
#[derive(Clone, Debug)]
pub struct BackendView {
    /// As it is declared. Its key shows itself nowhere.
    pub spec: BackendSpec,
    /// How it stands.
    pub state: BackendState,
    /// What an operator has said of it.
    pub marked: Marked,
    /// What it said of its load.
    pub load: Option<Load>,
    /// The models it lists.
    pub served: Arc<[ServedModel]>,
    /// Which routes it has, as far as it says.
    pub offer: Offer,
    /// Every deployment on it, with the model it belongs to.
    pub deployments: Vec<(Arc<str>, DeploymentReadiness)>,
}

/// An operator's word about a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// What the gateway sees decides.
    #[default]
    Auto,
    /// It gets requests, whatever probes say.
    Healthy,
    /// It gets none.
    Unhealthy,
    /// It gets no new ones.
    Draining,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Healthy, Self::Unhealthy, Self::Draining];

    /// The word in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
        }
    }
}

/// A mark, and who set it why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marking {
    /// The mark.
    pub mark: Mark,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// For how long; `None`: until it is changed.
    pub ttl: Option<Duration>,
}

/// A mark as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The mark, and who set it why. Its `ttl` is what is left.
    pub marking: Marking,
    /// When it was set; `None`: nobody ever set one.
    pub since: Option<Timestamp>,
}

/// A model as operators see it.
#[derive(Clone, Debug)]
pub struct ModelView {
    /// As it is in effect.
    pub model: Model,
    /// The servers of its deployments, each once.
    pub backends: Vec<BackendSpec>,
    /// How it stands.
    pub readiness: ModelReadiness,
    /// When it was declared and last changed; `None` for a model of the files.
    pub written: Option<(Timestamp, Timestamp)>,
}

/// The words in which a model is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// `{"model": {…}, "backends": […]}` in the words of `transom.yaml`.
    Native,
    /// `LiteLLM`'s `{"model_name": …, "litellm_params": {…}, "model_info": {…}}`.
    LiteLlm,
}

/// What becomes of a model that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// It must be new.
    Create,
    /// It must exist; the fields that are given take the place of the old ones, `null` takes a
    /// field out.
    Update,
    /// New deployments join those of a model that exists; otherwise it is created.
    Join,
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The files and variables of the configuration.
    Configuration,
    /// The store.
    Store,
}

/// A sealing key as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingKeyView {
    /// Its name, which says nothing about it.
    pub id: String,
    /// Where it comes from.
    pub source: KeySource,
    /// When it was made; `None` for one of the configuration.
    pub made: Option<Timestamp>,
    /// Whether it seals at this moment. All keys open what they have sealed.
    pub seals: bool,
}

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such thing.
    #[error("not found: {0}")]
    NotFound(String),
    /// It exists, or has been changed meanwhile.
    #[error("conflict: {0}")]
    Conflict(String),
    /// It is declared in a file and is changed there.
    #[error("read-only: {0}")]
    ReadOnly(String),
    /// It is wrong: every problem, with its place and a hint.
    #[error("invalid: {0:?}")]
    Invalid(Vec<String>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sees and changes a running gateway.
#[async_trait]
pub trait Control: Send + Sync {
    /// The configuration in effect.
    fn revision(&self) -> Revision;

    /// Reads the files and the store again, now.
    async fn reload(&self) -> Result<Revision, Rejected>;

    /// Every server, by name.
    fn backends(&self) -> Vec<BackendView>;

    /// Marks a server.
    fn mark(&self, backend: &BackendId, marking: Marking) -> Result<BackendView, ControlError>;

    /// Every model, in the order of the configuration.
    async fn models(&self) -> Result<Vec<ModelView>, ControlError>;

    /// Writes a model into the store; when this returns it is in effect here. `name` is the model
    /// that is updated; `None`: the one that `json` names.
    async fn write_model(
        &self,
        caller: &Principal,
        name: Option<&str>,
        json: &str,
        wording: Wording,
        write: Write,
    ) -> Result<ModelView, ControlError>;

    /// Takes a model out of the store, or only its deployment of this id.
    async fn remove_model(
        &self,
        caller: &Principal,
        name: &str,
        deployment: Option<&str>,
    ) -> Result<(), ControlError>;

    /// Every sealing key: those of the configuration in their order, then those of the store, newest
    /// first.
    fn sealing_keys(&self) -> Vec<SealingKeyView>;

    /// Makes a new key in the store. It opens at once, and seals some seconds later, when every
    /// gateway on the store has it.
    async fn add_sealing_key(&self, caller: &Principal) -> Result<SealingKeyView, ControlError>;

    /// Takes a key out of the store: what it has sealed cannot be read any more.
    async fn remove_sealing_key(&self, id: &str) -> Result<(), ControlError>;
}
