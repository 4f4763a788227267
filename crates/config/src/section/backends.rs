//! Model servers.

use std::{path::PathBuf, sync::Arc};

use transom_core::backend::{
    ApiKind, BackendId, BackendKey, BackendSpec, BackendTls, ClientIdentity, ProbeStyle,
};

use crate::{
    Origin, Problem,
    resolve::Resolver,
    section::limits::Limits,
    setting::section,
    value::{BaseUrl, Name, SecretRef, Timeout},
};

section! {
    /// One server as written.
    pub(crate) struct Settings in "backends[]" {
        /// Name of the server, by which deployments, logs and the admin API know it.
        name: Name = unset "required",
        /// Base URL of its API; `/v1` is appended when it is missing.
        url: BaseUrl = unset "required",
        /// Key sent to it. A key that cannot be found leaves the server out of use until it can.
        api_key: SecretRef = unset "none is sent",
        /// PEM file with the authority that signed its certificate.
        ca: PathBuf = unset "the system's roots",
        /// PEM file with the certificate shown to it.
        client_certificate: PathBuf = unset "none is shown",
        /// PEM file with the key of that certificate.
        client_key: PathBuf = unset "none",
        /// Whether any certificate of it will do. Whoever can answer in its place then reads every
        /// request.
        insecure_tls: bool = default false,
        /// How long connecting to it may take.
        connect_timeout: Timeout = unset "`limits.connect_timeout`",
        /// Whether it is asked for its health all the time (`active`), or once, after which what
        /// happens to requests decides (`passive`); then only its list of models is read, every 30 s.
        probe: ProbeStyle = default ProbeStyle::Active,
        /// Where it is asked for turns of the Responses API: at its `chat_completions`, or at
        /// `responses` of its own. History, state and tools are the gateway's either way.
        api_kind: ApiKind = default ApiKind::ChatCompletions,
    }
}

/// Reads one entry; `None` only when a problem was noted.
pub(crate) fn resolve(
    resolver: &mut Resolver<'_>,
    at: &Origin,
    limits: &Limits,
) -> Option<BackendSpec> {
    let written = Settings::read(resolver);
    let name = resolver.required("backends[].name", written.name.clone(), at);
    let url = resolver.required("backends[].url", written.url.clone(), at);
    let tls = tls(resolver, &written);
    let connect_timeout = resolver.inherit(
        "backends[].connect_timeout",
        written.connect_timeout,
        limits.connect_timeout,
        "limits.connect_timeout",
    );
    let key = key(resolver, "backends[].api_key", written.api_key);
    Some(BackendSpec {
        id: BackendId(name?.shared()),
        url: url?.as_str().into(),
        key,
        tls,
        connect_timeout: connect_timeout.get(),
        probe: written.probe,
        api_kind: written.api_kind,
    })
}

/// The key of a server. One that cannot be fetched is worth a notice and no more: the gateway
/// serves what the other servers have, and this one once its key is there.
pub(crate) fn key(
    resolver: &mut Resolver<'_>,
    path: &str,
    reference: Option<SecretRef>,
) -> BackendKey {
    let Some(reference) = reference else { return BackendKey::None };
    match resolver.fetch(&reference) {
        Ok(key) => BackendKey::Key(key),
        Err(reason) => {
            let at = resolver.origin(path);
            let missing: Arc<str> = format!("{reason} ({})", at.place()).into();
            resolver.findings.notice(at, format!("{reason}: the server is not used without it"));
            BackendKey::Missing(missing)
        }
    }
}

fn tls(resolver: &mut Resolver<'_>, written: &Settings) -> BackendTls {
    let ca = written.ca.as_ref().map(|file| resolver.file("backends[].ca", file));
    let certificate = written.client_certificate.as_ref();
    let certificate = certificate.map(|file| resolver.file("backends[].client_certificate", file));
    let key = written.client_key.as_ref();
    let key = key.map(|file| resolver.file("backends[].client_key", file));
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(ClientIdentity { certificate, key }),
        (None, None) => None,
        (Some(_), None) => half(resolver, "backends[].client_certificate", "client_key"),
        (None, Some(_)) => half(resolver, "backends[].client_key", "client_certificate"),
    };
    if ca.is_some() && written.insecure_tls {
        let at = resolver.origin("backends[].insecure_tls");
        resolver.problem(
            Problem::new(at, "any certificate would do, and one authority is named")
                .hint("keep either `ca` or `insecure_tls: true`"),
        );
    }
    BackendTls { ca, client, insecure: written.insecure_tls }
}

fn half(resolver: &mut Resolver<'_>, present: &str, missing: &str) -> Option<ClientIdentity> {
    let at = resolver.origin(present);
    resolver.problem(
        Problem::new(at, "a client certificate needs its key, and a key its certificate")
            .hint(format!("give {missing} too")),
    );
    None
}
