//! The port to models that are declared while the gateway runs.
//!
//! Models belong to the gateway and not to a tenant: every team's requests are resolved by the same
//! list, so reading it takes no [`Scope`]. Who may see or call a model is a question of keys. Each
//! row still names its writer, as every row does.

use async_trait::async_trait;

use super::store::StoreError;
use crate::Json;
use crate::clock::Timestamp;
use crate::scope::Scope;

/// The most models that a store keeps.
pub const MAX_MODELS: usize = 10_000;

/// The largest declaration of a model, in bytes.
pub const MAX_MODEL_BYTES: usize = 64 << 10;

/// A model as it is kept.
#[derive(Clone, Debug)]
pub struct ModelRow {
    /// Its name, unique within the store.
    pub name: String,
    /// Its declaration, at most [`MAX_MODEL_BYTES`]. What is in it is not the store's business.
    pub json: Json,
    /// When it was declared first. A later write does not change it.
    pub created_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
    /// Who wrote it last.
    pub updated_by: Scope,
}

/// All models at one moment.
#[derive(Clone, Debug)]
pub struct ModelList {
    /// The revision of this moment.
    pub revision: i64,
    /// The models, by name.
    pub rows: Vec<ModelRow>,
}

/// What must hold for a model to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Anything,
    /// There is no model of this name.
    Absent,
    /// Nothing has been written since this revision was read.
    Revision(i64),
}

/// Models that survive the process that declared them, shared by every process that has the store
/// open.
#[async_trait]
pub trait ModelStore: Send + Sync {
    /// All models, read at one moment.
    async fn list(&self) -> Result<ModelList, StoreError>;

    /// Writes a model, new or instead of the one with its name. `false`: what was expected does not
    /// hold, and nothing changed.
    async fn put(&self, row: ModelRow, expect: Expect) -> Result<bool, StoreError>;

    /// Takes a model out; `false` when there was none.
    async fn remove(&self, name: &str) -> Result<bool, StoreError>;

    /// A number that grows with every change, whichever process made it. Cheap: meant to be asked
    /// several times a second.
    async fn revision(&self) -> Result<i64, StoreError>;
}
