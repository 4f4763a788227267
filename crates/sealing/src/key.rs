//! One key, and what is derived from it.
//!
//! # Why it is done like this
//!
//! - **A key of its own for each sealed text**, derived with HKDF-SHA-256 from the gateway's key, what
//!   the text is for and 128 random bits. AES-GCM's own 96 bits of nonce would be a bound on how
//!   many texts one key may seal before two of them are likely to meet; 128 bits of salt are none
//!   that anybody reaches, however many gateways share a key and never count together.
//! - **AES-256-GCM-SIV** (RFC 8452): should two salts meet after all (a copied virtual machine that
//!   repeats its random numbers), all that shows is whether the two texts are equal.
//! - **The name of a key is derived from it too**, so that a text names its key without a list that
//!   could get out of step, and says nothing about it. The name is part of what is authenticated.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use transom_core::secret::Secret;
use zeroize::Zeroizing;

/// Bytes of a key's name.
pub(crate) const ID_BYTES: usize = 8;

/// Bytes of the salt of one sealed text.
pub(crate) const SALT_BYTES: usize = 16;

/// Bytes that authenticate a sealed text.
pub(crate) const TAG_BYTES: usize = 16;

/// Bytes of the cipher's key.
const CIPHER_KEY_BYTES: usize = 32;

/// Keeps these keys apart from all others that anybody may derive from the same secret.
const DOMAIN: &[u8] = b"transom sealing 1";

/// What a text is sealed for. A text for one purpose does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The thoughts of a model.
    Thoughts,
    /// The summary of a conversation.
    Summary,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Thoughts => b"thoughts",
            Self::Summary => b"summary",
        }
    }
}

/// The name of a key: 16 hexadecimal digits that say nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// One key. It shows its name and nothing else, and its memory is wiped on drop.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    root: Prk,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl Key {
    /// The key that a secret stands for. The same secret gives the same key on every gateway.
    pub fn of(secret: &Secret) -> Self {
        let root = Salt::new(HKDF_SHA256, DOMAIN).extract(secret.expose().as_bytes());
        let id = KeyId(*expand(&root, &[b"id"]));
        Self { id, root }
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Encrypts `text` in place and appends what authenticates it and `bound`.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        salt: [u8; SALT_BYTES],
        bound: &[u8],
        text: &mut Vec<u8>,
    ) {
        let sealed = self
            .cipher(purpose, salt)
            .and_then(|key| key.seal_in_place_append_tag(nonce(), Aad::from(bound), text));
        sealed.unwrap_or_else(|Unspecified| unreachable!("the cipher takes 64 GiB"));
    }

    /// Authenticates and decrypts in place; `None` when it is not what was sealed.
    pub(crate) fn open<'a>(
        &self,
        purpose: Purpose,
        salt: [u8; SALT_BYTES],
        bound: &[u8],
        sealed: &'a mut [u8],
    ) -> Option<&'a [u8]> {
        let cipher = self.cipher(purpose, salt).ok()?;
        cipher.open_in_place(nonce(), Aad::from(bound), sealed).ok().map(|text| &*text)
    }

    /// The cipher for one text.
    fn cipher(&self, purpose: Purpose, salt: [u8; SALT_BYTES]) -> Result<LessSafeKey, Unspecified> {
        let key: Zeroizing<[u8; CIPHER_KEY_BYTES]> =
            expand(&self.root, &[b"text", purpose.label(), &salt]);
        UnboundKey::new(&AES_256_GCM_SIV, &*key).map(LessSafeKey::new)
    }
}

/// Always the same: the key is another for each text.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// So many bytes.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// Bytes derived from `root` for what `info` says. Each word of it but the last has a fixed place and
/// none is the beginning of another, so that no two lists say the same.
fn expand<const N: usize>(root: &Prk, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut derived = Zeroizing::new([0; N]);
    let filled = root.expand(info, Bytes(N)).and_then(|okm| okm.fill(&mut *derived));
    filled.unwrap_or_else(|Unspecified| unreachable!("HKDF gives 8160 bytes"));
    derived
}
