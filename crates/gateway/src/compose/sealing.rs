//! The keys that seal what clients carry: those of the configuration, and those of the store.

use std::sync::Arc;

use transom_core::clock::Clock;
use transom_core::id::IdSource;
use transom_core::port::models::Expect;
use transom_core::port::sealing::{MIN_SECRET, SealingKeyRow, SealingKeyStore};
use transom_core::port::store::StoreError;
use transom_core::scope::Scope;
use transom_core::secret::Secret;
use transom_sealing::keyring::{Kept, Key, Keyring};

/// How often the first key is tried to be made. Each time but the last somebody else has changed
/// the keys meanwhile, so there is one.
const ATTEMPTS: usize = 5;

/// The keys at one moment.
pub(crate) struct Keys {
    pub(crate) ring: Arc<Keyring>,
    /// The store's revision of them.
    pub(crate) revision: i64,
}

/// What it takes to read keys, and to make one.
pub(crate) struct Locksmith {
    pub(crate) store: Arc<dyn SealingKeyStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
}

impl Locksmith {
    /// Every key there is. Where there is none, one is made and kept in the store; of several
    /// gateways that start at once one makes it, and the others find it.
    pub(crate) async fn keys(&self, configured: &[Secret]) -> Result<Keys, StoreError> {
        for _ in 0..ATTEMPTS {
            let list = self.store.keys().await?;
            let kept = list.rows.iter().map(kept).collect::<Result<_, _>>()?;
            if let Some(ring) = Keyring::new(configured.iter().map(Key::of).collect(), kept) {
                return Ok(Keys { ring: Arc::new(ring), revision: list.revision });
            }
            let expect = Expect::Revision(list.revision);
            if self.store.add_key(self.fresh(Scope::local()), expect).await? {
                tracing::info!("made the first sealing key of this store");
            }
        }
        Err(StoreError::Unavailable("the sealing keys change all the time".into()))
    }

    /// Makes a further key in the store; its name.
    pub(crate) async fn add(&self, maker: &Scope) -> Result<String, StoreError> {
        let row = self.fresh(maker.clone());
        let id = row.id.clone();
        if self.store.add_key(row, Expect::Absent).await? {
            Ok(id)
        } else {
            Err(StoreError::Duplicate)
        }
    }

    /// 256 random bits.
    fn fresh(&self, maker: Scope) -> SealingKeyRow {
        let secret = Secret::new(format!("{:032x}{:032x}", self.ids.random(), self.ids.random()));
        SealingKeyRow {
            id: Key::of(&secret).id().to_string(),
            secret,
            created_at: self.clock.now(),
            created_by: maker,
        }
    }
}

/// A key of the store, as it opens and seals.
fn kept(row: &SealingKeyRow) -> Result<Kept, StoreError> {
    if row.secret.expose().len() < MIN_SECRET {
        return Err(StoreError::Damaged(format!("the sealing key {} is too short", row.id).into()));
    }
    Ok(Kept { key: Key::of(&row.secret), made: row.created_at })
}

#[cfg(test)]
mod tests;
