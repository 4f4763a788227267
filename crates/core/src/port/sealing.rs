//! The port to the keys with which gateways seal what their clients carry.
//!
//! The keys belong to the gateways that share a store and not to a tenant: what is sealed is bound to
//! its owner by other means. So reading them takes no [`Scope`]; each row still names its writer, as
//! every row does.

use async_trait::async_trait;

use super::models::Expect;
use super::store::StoreError;
use crate::clock::Timestamp;
use crate::scope::Scope;
use crate::secret::Secret;

/// The most keys that a store keeps: a new one each day for three years.
pub const MAX_SEALING_KEYS: usize = 1_000;

/// The shortest key, in bytes. 32 characters of base64 hold 192 random bits.
pub const MIN_SECRET: usize = 32;

/// A key as it is kept.
#[derive(Clone, Debug)]
pub struct SealingKeyRow {
    /// Its name, unique within the store. It says nothing about the key.
    pub id: String,
    /// The key.
    pub secret: Secret,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Scope,
}

/// All keys at one moment.
#[derive(Clone, Debug)]
pub struct SealingKeyList {
    /// The revision of this moment.
    pub revision: i64,
    /// The keys, newest first.
    pub rows: Vec<SealingKeyRow>,
}

/// Keys that survive the process that made them, shared by every process that has the store open.
#[async_trait]
pub trait SealingKeyStore: Send + Sync {
    /// All keys, read at one moment.
    async fn keys(&self) -> Result<SealingKeyList, StoreError>;

    /// Adds a key. `false`: what was expected does not hold, and nothing changed.
    async fn add_key(&self, row: SealingKeyRow, expect: Expect) -> Result<bool, StoreError>;

    /// Takes a key out for ever; `false` when there was none.
    async fn remove_key(&self, id: &str) -> Result<bool, StoreError>;

    /// A number that grows with every change, whichever process made it. Cheap: meant to be asked
    /// several times a second.
    async fn keys_revision(&self) -> Result<i64, StoreError>;
}
