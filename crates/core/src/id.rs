//! Identifiers: a prefix that tells the kind, then 128 random bits.
//!
//! Knowing an id grants nothing (the owner is checked on every read), and an id tells nothing: no
//! time, no counter.

use std::fmt;

/// Where random bits come from: the operating system in the program, a counter in tests.
pub trait IdSource: Send + Sync {
    /// 128 fresh random bits.
    fn random(&self) -> u128;
}

/// The longest identifier that is looked up, in bytes. Clients may send item ids of their own.
pub const MAX_LENGTH: usize = 128;

/// The id of a response: `resp_` and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResponseId(String);

impl ResponseId {
    /// A new id.
    pub fn fresh(ids: &dyn IdSource) -> Self {
        Self(with_prefix("resp", ids))
    }

    /// Reads an id sent by a client. `None` when it cannot be one of ours: the caller answers as
    /// for an id that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        is_plausible(text, "resp_").then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResponseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a conversation: `conv_` and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConversationId(String);

impl ConversationId {
    /// A new id.
    pub fn fresh(ids: &dyn IdSource) -> Self {
        Self(with_prefix("conv", ids))
    }

    /// Reads an id sent by a client. `None` when it cannot be one of ours: the caller answers as
    /// for an id that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        is_plausible(text, "conv_").then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of an item: ours, or whatever a client called its input item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ItemId(String);

impl ItemId {
    /// A new id with the prefix of its kind: `msg`, `rs`, `fc`, …
    pub fn fresh(prefix: &'static str, ids: &dyn IdSource) -> Self {
        Self(with_prefix(prefix, ids))
    }

    /// An id that a client or a stored row gave.
    pub fn given(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of one HTTP exchange, sent back as `x-request-id`: the client's own (128 characters at
/// most) or `req_` and 32 hexadecimal digits. It is never sent to a model server, where it would
/// become the engine's request key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// A new id.
    pub fn fresh(ids: &dyn IdSource) -> Self {
        Self(with_prefix("req", ids))
    }

    /// The client's own id, if it is short, visible ASCII; otherwise `None`.
    pub fn from_client(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= MAX_LENGTH;
        (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of one attempt to answer a request: `claim_` and 32 hexadecimal digits. No client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimId(String);

impl ClaimId {
    /// A new id.
    pub fn fresh(ids: &dyn IdSource) -> Self {
        Self(with_prefix("claim", ids))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text could be an id with this prefix.
fn is_plausible(text: &str, prefix: &str) -> bool {
    let Some(random) = text.strip_prefix(prefix) else { return false };
    let plain = random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    plain && !random.is_empty() && text.len() <= MAX_LENGTH
}

fn with_prefix(prefix: &str, ids: &dyn IdSource) -> String {
    format!("{prefix}_{:032x}", ids.random())
}
