//! The keys of a gateway: one seals, all open.

use transom_core::clock::Timestamp;
use transom_core::scope::Scope;

pub use crate::blob::MAX_BLOB;
use crate::blob::{self, Head};
pub use crate::key::{Key, KeyId, Purpose};

/// How old a key of the store has to be before it seals, in milliseconds, unless there is no older
/// one. By then every gateway on the store has it and can open what it sealed.
const SEALS_AFTER: i64 = 5_000;

/// A key that is kept in the store.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The key.
    pub key: Key,
    /// When it was made.
    pub made: Timestamp,
}

/// The keys of a gateway, at least one.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Those of the configuration: the first seals.
    configured: Vec<Key>,
    /// Those of the store, newest first. They seal where none is configured.
    kept: Vec<Kept>,
}

/// Why a sealed text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no text that a gateway of this version sealed.
    #[error("it was not sealed here")]
    Foreign,
    /// It was sealed with a key that is not on the ring.
    #[error("it was not sealed with a key of this gateway")]
    UnknownKey(KeyId),
    /// It was changed, cut, or sealed for somebody else or for something else.
    #[error("it was changed, or sealed for another team or another kind of item")]
    Refused,
    /// It was sealed for the answers of another model.
    #[error("it was sealed for the model '{0}'")]
    OtherModel(String),
}

/// A text that was sealed here for this owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The model it belongs to, by the name that its client used.
    model: String,
    texts: Vec<String>,
}

impl Opened {
    /// The texts, if they belong to this model.
    pub fn of_model(self, model: &str) -> Result<Vec<String>, Unreadable> {
        if self.model == model { Ok(self.texts) } else { Err(Unreadable::OtherModel(self.model)) }
    }

    /// The texts, whichever model they belong to: for what was accepted and stored before.
    pub fn of_any_model(self) -> Vec<String> {
        self.texts
    }
}

/// Whose a text is.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The organisation and the team in it.
    pub scope: &'a Scope,
    /// The model, by the name that the client used.
    pub model: &'a str,
}

impl Keyring {
    /// A ring of these keys; `None` where there is none.
    pub fn new(configured: Vec<Key>, mut kept: Vec<Kept>) -> Option<Self> {
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.made));
        (!configured.is_empty() || !kept.is_empty()).then_some(Self { configured, kept })
    }

    /// The keys of the configuration, the one that seals first.
    pub fn configured(&self) -> &[Key] {
        &self.configured
    }

    /// The keys of the store, newest first.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// The key that seals at this moment.
    pub fn seals(&self, now: Timestamp) -> &Key {
        let old_enough = |kept: &&Kept| now.millis() - kept.made.millis() >= SEALS_AFTER;
        let kept = || self.kept.iter().find(old_enough).or(self.kept.last());
        let first = self.configured.first().or_else(|| kept().map(|kept| &kept.key));
        first.unwrap_or_else(|| unreachable!("a ring has a key"))
    }

    /// Seals texts for their owner. `salt` is fresh random bits.
    pub fn seal(
        &self,
        purpose: Purpose,
        owner: Owner<'_>,
        texts: &[String],
        (salt, now): (u128, Timestamp),
    ) -> String {
        let key = self.seals(now);
        let salt = salt.to_be_bytes();
        let head = Head { key: key.id(), salt, model: owner.model.to_owned() }.write();
        let mut text = blob::pack(texts);
        key.seal(purpose, salt, &blob::bound(&head, owner.scope), &mut text);
        blob::encode(&head, &text)
    }

    /// Opens what was sealed for this purpose and this owner.
    pub fn open(&self, purpose: Purpose, scope: &Scope, blob: &str) -> Result<Opened, Unreadable> {
        let (head, mut sealed) = blob::decode(blob).ok_or(Unreadable::Foreign)?;
        let bound = blob::bound(&head.write(), scope);
        let keys = self.configured.iter().chain(self.kept.iter().map(|kept| &kept.key));
        let key = { keys }.find(|key| key.id() == head.key);
        let key = key.ok_or(Unreadable::UnknownKey(head.key))?;
        let text = key.open(purpose, head.salt, &bound, &mut sealed);
        let texts = text.and_then(blob::unpack).ok_or(Unreadable::Refused)?;
        Ok(Opened { model: head.model, texts })
    }
}

#[cfg(test)]
mod tests;
