//! The port to requests that are answered once: what an `Idempotency-Key` promises.
//!
//! Who sends a request claims its key. The claim is a lease that every process with the same store
//! respects: it is renewed while the answer is made, and runs out when its process dies. An answer that
//! succeeded takes the place of the lease and is given to whoever asks again; whatever else comes of the
//! request gives the key back. Who holds a claim is told by an id of its own, so that a process that was
//! too slow cannot keep an answer under a key that is somebody else's by now.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use super::store::StoreError;
use crate::clock::Timestamp;
use crate::id::{ClaimId, RequestId, ResponseId};
use crate::scope::Scope;

/// The longest key of a client, in bytes.
pub const MAX_KEY: usize = 255;

/// The largest answer that is kept, in bytes. A larger one is given once, and only noted.
pub const MAX_KEPT_BYTES: usize = 8 << 20;

/// A client's name for a request that it may send again: visible ASCII, at most [`MAX_KEY`] of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads what a client sent; `None` when it is no key.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MAX_KEY).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 of a body. It is kept instead of the body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BodyHash(pub [u8; 32]);

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyHash({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// What names a request for its owner: the same key on another route is another request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The path, with the ids in it.
    pub route: String,
    /// The client's key.
    pub key: IdempotencyKey,
}

/// Who wants to answer a request, and until when the others are to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Tells this attempt from all others.
    pub holder: ClaimId,
    /// The request's id: what its repeats are told of it.
    pub request: RequestId,
    /// What the request says.
    pub body: BodyHash,
    /// The time now.
    pub now: Timestamp,
    /// When the key is free again unless the claim is renewed. Wall-clock time, because processes
    /// have no other time in common.
    pub until: Timestamp,
}

/// What is kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The answer, byte for byte, at most [`MAX_KEPT_BYTES`].
    Answer {
        /// What its bytes are.
        form: Form,
        /// As they were sent.
        bytes: Bytes,
        /// The stored response that it shows. The answer is deleted with it.
        of: Option<ResponseId>,
    },
    /// A response in the background: its answer is shown as it is when somebody asks again.
    Response {
        /// The stored response. The key is free when it is deleted.
        id: ResponseId,
        /// How its client wanted it.
        form: Form,
    },
    /// Nothing: it was larger than that.
    TooLarge,
}

/// What the bytes of an answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON document.
    Json,
    /// A whole event stream.
    Events,
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The id of the request that was first.
    pub request: RequestId,
    /// What that request said.
    pub body: BodyHash,
    /// Its answer; `None` while it is made.
    pub kept: Option<Kept>,
}

/// What becomes of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The key was free.
    Granted,
    /// The key is taken.
    Taken(Entry),
}

/// Keys and answers that survive the requests that brought them.
///
/// An owner here is a key of a team and not the team: nobody knows which names the others have used.
/// `false` of a change: the holder does not have the key any more. Nothing has changed then.
#[async_trait]
pub trait OnceStore: Send + Sync {
    /// Takes a key if nobody has it at the time of the claim.
    async fn claim(&self, scope: &Scope, name: &Name, claim: Claim) -> Result<Claimed, StoreError>;

    /// Makes a claim last longer. One that was lost, even to nobody in particular, stays lost.
    async fn renew(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Keeps an answer in the place of a claim, until the time given. When it returns, the answer is
    /// as durable as the store promises.
    async fn keep(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
        kept: Kept,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives a key back.
    async fn release(
        &self,
        scope: &Scope,
        name: &Name,
        holder: &ClaimId,
    ) -> Result<bool, StoreError>;

    /// Deletes some of what has run out by `now`, whoever owned it, and tells whether there may be
    /// more. It reads nothing.
    async fn sweep(&self, now: Timestamp) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_visible_ascii() {
        let longest = "k".repeat(MAX_KEY);
        for good in ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", "a/b:c=\"d\"", longest.as_str()] {
            assert_eq!(IdempotencyKey::parse(good).unwrap().as_str(), good);
        }
        let too_long = format!("{longest}k");
        for bad in ["", " ", "a b", "tab\t", "ü", "\u{7f}", too_long.as_str()] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }
}
