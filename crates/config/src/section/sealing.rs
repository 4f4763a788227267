//! The keys with which the gateway seals what its clients carry.

use transom_core::port::sealing::MIN_SECRET;
use transom_core::secret::Secret;

use crate::{Problem, resolve::Resolver, setting::section, value::SecretRef};

section! {
    /// The settings as written.
    pub(crate) struct Settings in "sealing" {
        /// Keys that seal thoughts and summaries for clients, each at least 32 characters, such as
        /// `openssl rand -base64 32` makes. The first seals, all of them open, so a new key is added
        /// in front of the old ones. Gateways with the same keys read what the others have sealed.
        /// Without keys one is made and kept in the store. In a file write `env:NAME` or `file:PATH`
        /// rather than the key itself.
        [variable("VR_SEALING_KEY")]
        keys: Vec<SecretRef> = default Vec::new(),
    }
}

/// The keys, the one that seals first. None: those of the store are used.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// Each at least [`MIN_SECRET`] bytes.
    pub keys: Vec<Secret>,
}

impl Sealing {
    pub(crate) fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let written = Settings::read(resolver);
        let found = written.keys.iter().filter_map(|key| resolver.secret("sealing.keys", key));
        let keys: Vec<Secret> = found.collect();
        if keys.iter().any(|key| key.expose().len() < MIN_SECRET) {
            let at = resolver.origin("sealing.keys");
            resolver.problem(
                Problem::new(at, format!("a key is shorter than {MIN_SECRET} characters"))
                    .hint("`openssl rand -base64 32` makes one"),
            );
        }
        Self { keys }
    }
}
