//! The bytes of a sealed text.
//!
//! ```text
//! version 1 · key's name 8 · salt 16 · length of the model's name 2 · model's name │ ciphertext · tag 16
//! └───────────────────────────────── head, in the clear ──────────────────────────┘
//! ```
//!
//! in base64 for URLs, without padding. Authenticated with the ciphertext are the head and the owner
//! (organisation and team), each behind its length. The owner is not written down: who opens it says
//! whose it has to be. The model's name is, because what was accepted once and stored has to open
//! later, whichever model the conversation goes on with.
//!
//! The plaintext is a list of texts, each behind its length: no escapes, so that its size is known.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use transom_core::scope::Scope;
use transom_core::transcript::{MAX_ANSWER_BYTES, MAX_ITEMS};

use crate::key::{ID_BYTES, KeyId, SALT_BYTES, TAG_BYTES};

/// The first byte: what follows may change with it.
const VERSION: u8 = 1;

/// Bytes of a length within the plaintext.
const LENGTH_BYTES: usize = 4;

/// Bytes of the head before the model's name.
const FIXED_HEAD: usize = 1 + ID_BYTES + SALT_BYTES + 2;

/// The longest name of a model, in bytes. No request with a longer one is answered.
pub(crate) const MAX_MODEL: usize = u16::MAX as usize;

/// The longest sealed text that is looked at, in characters. Nothing that is sealed is longer: an
/// answer has so many bytes at most. The limit of a request's body is usually far below.
pub const MAX_BLOB: usize =
    (FIXED_HEAD + MAX_MODEL + MAX_ANSWER_BYTES + MAX_ITEMS * LENGTH_BYTES + TAG_BYTES).div_ceil(3)
        * 4;

/// What stands in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) key: KeyId,
    pub(crate) salt: [u8; SALT_BYTES],
    pub(crate) model: String,
}

impl Head {
    fn len(&self) -> usize {
        FIXED_HEAD + self.model.len()
    }

    /// The head as it is written. A name that is too long is cut: the text will not open for it.
    pub(crate) fn write(&self) -> Vec<u8> {
        let model = &self.model.as_bytes()[..self.model.floor_char_boundary(MAX_MODEL)];
        let length = u16::try_from(model.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(self.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.key.0);
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(model);
        bytes
    }

    /// Reads a head; the rest is the ciphertext.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&version, rest) = bytes.split_first()?;
        let (&key, rest) = rest.split_first_chunk()?;
        let (&salt, rest) = rest.split_first_chunk()?;
        let (&length, rest) = rest.split_first_chunk()?;
        let (model, rest) = rest.split_at_checked(u16::from_be_bytes(length).into())?;
        let model = str::from_utf8(model).ok()?.to_owned();
        (version == VERSION).then_some((Self { key: KeyId(key), salt, model }, rest))
    }
}

/// What the ciphertext is bound to: the head as it is written, and the owner.
pub(crate) fn bound(head: &[u8], owner: &Scope) -> Vec<u8> {
    let mut bytes = head.to_vec();
    for part in [&owner.org, &owner.team] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// Texts as plaintext.
pub(crate) fn pack(texts: &[String]) -> Vec<u8> {
    let size = texts.iter().map(|text| LENGTH_BYTES + text.len()).sum::<usize>() + TAG_BYTES;
    let mut bytes = Vec::with_capacity(size);
    for text in texts {
        // An answer is far shorter than what these four bytes can tell.
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// Plaintext as texts.
pub(crate) fn unpack(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (&length, rest) = bytes.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(u32::from_be_bytes(length) as usize)?;
        texts.push(str::from_utf8(text).ok()?.to_owned());
        bytes = rest;
    }
    Some(texts)
}

/// A sealed text as clients carry it.
pub(crate) fn encode(head: &[u8], ciphertext: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([head, ciphertext].concat())
}

/// The reverse of [`encode`].
pub(crate) fn decode(blob: &str) -> Option<(Head, Vec<u8>)> {
    if blob.len() > MAX_BLOB {
        return None;
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(blob).ok()?;
    let (head, ciphertext) = Head::read(&bytes)?;
    let start = bytes.len() - ciphertext.len();
    (ciphertext.len() >= TAG_BYTES).then(|| (head, bytes.split_off(start)))
}
