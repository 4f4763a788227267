//! Who may call.

use transom_core::secret::Secret;

use crate::{resolve::Resolver, setting::section, value::SecretRef};

section! {
    /// The settings as written.
    pub(crate) struct Settings in "auth" {
        /// Master key that every request must carry as `Authorization: Bearer`. In a file write
        /// `env:NAME` or `file:PATH` rather than the key itself.
        [flag("api-key", "KEY"), variable("VR_API_KEY")]
        api_key: SecretRef = unset "no key; only loopback addresses are served",
        /// Allow a non-loopback address without a key. Everyone who reaches the port can use the
        /// models and read every stored response.
        [switch("insecure-no-auth")]
        insecure_no_auth: bool = default false,
    }
}

/// Who may call.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Holders of this key.
    Key(Secret),
    /// Programs on this machine.
    LoopbackOnly,
    /// Everyone who reaches the port: `--insecure-no-auth`.
    Everyone,
}

impl Auth {
    pub(crate) fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let written = Settings::read(resolver);
        match written.api_key {
            // A key that cannot be fetched is a problem; treating it as present keeps the
            // address from being reported as well.
            Some(reference) => {
                resolver.secret("auth.api_key", &reference).map_or(Self::Everyone, Self::Key)
            }
            None if resolver.draft.best("auth.api_key").is_some() => Self::Everyone,
            None if written.insecure_no_auth => Self::Everyone,
            None => Self::LoopbackOnly,
        }
    }
}
