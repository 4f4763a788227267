//! The listener of the admin API.

use crate::{
    Problem,
    resolve::Resolver,
    section::auth::Auth,
    setting::section,
    value::{HostPort, Name},
};

section! {
    /// The settings as written.
    pub(crate) struct Settings in "admin" {
        /// Address of the admin API, `HOST:PORT` or a port on 127.0.0.1. It takes the master key;
        /// without one only a loopback address is allowed.
        [flag("admin-listen", "HOST:PORT")]
        listen: HostPort = unset "no admin API",
        /// Variables that models added through the admin API may name for their servers' keys.
        /// Others are refused: whoever may add a server could have any variable sent to it.
        variables: Vec<Name> = default Vec::new(),
    }
}

/// The admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens; `None`: it is off. Port 0 lets the system choose.
    pub listen: Option<HostPort>,
    /// Variables that its models may name.
    pub variables: Vec<Name>,
}

impl Admin {
    /// Unlike the gateway's own address it is never open to other machines without a key.
    pub(crate) fn resolve(resolver: &mut Resolver<'_>, auth: &Auth) -> Self {
        let Settings { listen, variables } = Settings::read(resolver);
        let open = listen.as_ref().filter(|address| !address.host.is_loopback());
        if let (Some(address), Auth::LoopbackOnly | Auth::Everyone) = (open, auth) {
            let host = &address.host;
            let at = resolver.origin("admin.listen");
            let message =
                format!("{host} is reachable from other machines and no key is configured");
            resolver.problem(
                Problem::new(at, message)
                    .hint("set VR_API_KEY or --api-key, or let it listen on 127.0.0.1"),
            );
        }
        Self { listen, variables }
    }
}
