//! Where the gateway listens, and with what protection.

use std::path::PathBuf;

use crate::{
    Origin, Problem,
    resolve::Resolver,
    section::auth::Auth,
    setting::section,
    value::{BindHost, WebOrigin, Whole},
};

/// Most threads: far above any machine, so that a slip of the finger is caught.
const MOST_WORKERS: u32 = 1024;

section! {
    /// The settings as written.
    pub(crate) struct Listening in "listen" {
        /// Address to bind. Without a key only a loopback address is allowed.
        [flag_or("gateway-host", "host", "HOST"), variable("VR_HOST")]
        host: BindHost = unset "`127.0.0.1`; `0.0.0.0` once a key is configured",
        /// Port to bind; 0 lets the system choose one.
        [flag_or("gateway-port", "port", "PORT"), variable("VR_PORT")]
        port: Whole<0, 65535> = default Whole::clamped(5969),
        /// Number of runtime threads (the guides' worker processes are threads here, and share
        /// one database and one set of metrics).
        [flag("gateway-workers", "COUNT"), variable("VR_WORKERS")]
        workers: Whole<1, MOST_WORKERS> = unset "the number of cores",
    }
}

section! {
    /// Certificate and key, both or neither.
    pub(crate) struct Certificate in "listen.tls" {
        /// PEM file with the certificate chain; serves HTTPS together with the key.
        [flag("tls-cert", "FILE")]
        cert: PathBuf = unset "plain HTTP",
        /// PEM file with the certificate's private key.
        [flag("tls-key", "FILE")]
        key: PathBuf = unset "plain HTTP",
    }
}

section! {
    /// Browsers.
    pub(crate) struct Cors in "listen.cors" {
        /// Web origin whose pages may call the API (`*` for all); none means CORS is off.
        [repeated_flag("cors-origin", "ORIGIN")]
        origins: Vec<WebOrigin> = default Vec::new(),
    }
}

/// The listener.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Address to bind.
    pub host: BindHost,
    /// Port to bind; 0 lets the system choose.
    pub port: u16,
    /// Runtime threads, at least one.
    pub workers: usize,
    /// Plain HTTP or HTTPS.
    pub tls: Tls,
    /// Allowed web origins; empty means CORS is off.
    pub cors_origins: Vec<WebOrigin>,
}

/// How connections are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Plain HTTP.
    Off,
    /// HTTPS with these PEM files (absolute paths; they existed when the configuration was read).
    Files {
        /// Certificate chain.
        cert: PathBuf,
        /// Private key.
        key: PathBuf,
    },
}

impl Listen {
    pub(crate) fn resolve(resolver: &mut Resolver<'_>, auth: &Auth) -> Self {
        let written = Listening::read(resolver);
        let host = match written.host {
            Some(host) => host,
            None => default_host(resolver, auth),
        };
        if !host.is_loopback() && matches!(auth, Auth::LoopbackOnly) {
            let problem = Problem::new(
                resolver.origin("listen.host"),
                format!("{host} is reachable from other machines and no key is configured"),
            );
            resolver.problem(problem.hint(
                "set VR_API_KEY or --api-key, bind 127.0.0.1, or accept everyone with \
                 --insecure-no-auth",
            ));
        }
        let workers = written.workers.unwrap_or_else(|| {
            let cores = u32::try_from(resolver.around.cores).unwrap_or(MOST_WORKERS);
            let workers = Whole::clamped(cores);
            let reason = Origin::Default(Some("the number of cores"));
            resolver.settle("listen.workers", &workers, reason);
            workers
        });
        let tls = resolve_tls(resolver);
        let cors_origins = Cors::read(resolver).origins;
        let (port, workers) = (written.port.port(), workers.count());
        Self { host, port, workers, tls, cors_origins }
    }
}

/// `design.md` decision 6: the guides' 0.0.0.0 applies once a key is configured. A host that did
/// not parse is already a problem; the default only stands in for it.
fn default_host(resolver: &mut Resolver<'_>, auth: &Auth) -> BindHost {
    let (host, reason) = match auth {
        Auth::Key(_) => (BindHost::EVERYWHERE, "a key is configured"),
        Auth::LoopbackOnly | Auth::Everyone => (BindHost::LOOPBACK, "no key is configured"),
    };
    resolver.settle("listen.host", &host, Origin::Default(Some(reason)));
    host
}

fn resolve_tls(resolver: &mut Resolver<'_>) -> Tls {
    let written = Certificate::read(resolver);
    let (present, missing) = match (written.cert, written.key) {
        (None, None) => return Tls::Off,
        (Some(cert), Some(key)) => {
            let cert = resolver.file("listen.tls.cert", &cert);
            return Tls::Files { cert, key: resolver.file("listen.tls.key", &key) };
        }
        (Some(_), None) => ("listen.tls.cert", "--tls-key"),
        (None, Some(_)) => ("listen.tls.key", "--tls-cert"),
    };
    let at = resolver.origin(present);
    resolver.problem(
        Problem::new(at, "HTTPS needs a certificate and its key")
            .hint(format!("give {missing} too")),
    );
    Tls::Off
}
