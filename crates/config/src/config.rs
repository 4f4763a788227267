//! The finished configuration.

use crate::{
    resolve::Resolver,
    section::{
        auth::Auth,
        cache, code_interpreter,
        limits::Limits,
        listen::Listen,
        log::Log,
        mcp,
        metrics::Metrics,
        responses::Responses,
        shield::{Caps, Shield},
        store::Store,
        tracing,
        upstream::{self, UpstreamAccess, UpstreamConfig},
        vllm::{self, Supervision},
        web_search,
    },
};

/// Everything `transom serve` needs to know: complete, checked, and never changed.
///
/// Only [`crate::load`] makes one, and only when there is no problem.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The listener.
    pub listen: Listen,
    /// Who may call.
    pub auth: Auth,
    /// Where generations come from.
    pub upstream: UpstreamConfig,
    /// Credentials and authority for the upstream.
    pub upstream_access: UpstreamAccess,
    /// Waits and restarts.
    pub supervision: Supervision,
    /// Where responses are kept.
    pub store: Store,
    /// Bounds of the request path.
    pub limits: Limits,
    /// What the shield refuses.
    pub shield: Shield,
    /// What the shield caps.
    pub caps: Caps,
    /// Choices of the translation.
    pub responses: Responses,
    /// Logging.
    pub log: Log,
    /// The metrics page.
    pub metrics: Metrics,
}

/// Reads every section; `None` only when a problem was noted that leaves no upstream.
pub(crate) fn resolve(resolver: &mut Resolver<'_>) -> Option<GatewayConfig> {
    let auth = Auth::resolve(resolver);
    let listen = Listen::resolve(resolver, &auth);
    upstream::choose(resolver);
    let behind = upstream::Settings::read(resolver);
    let child = vllm::Settings::read(resolver);
    let upstream_access = UpstreamAccess::resolve(resolver, &behind);
    let upstream = match (behind.url, child.model.clone()) {
        (Some(base), _) => Some(UpstreamConfig::External { base }),
        (None, Some(model)) => child.child(model, resolver).map(UpstreamConfig::Spawn),
        (None, None) => None,
    };
    let store = Store::resolve(resolver);
    let limits = Limits::read(resolver);
    let shield = Shield::read(resolver);
    let caps = Caps::read(resolver);
    let responses = Responses::read(resolver);
    let log = Log::read(resolver);
    let metrics = Metrics::resolve(resolver);
    code_interpreter::resolve(resolver);
    cache::resolve(resolver);
    mcp::resolve(resolver);
    web_search::resolve(resolver);
    tracing::resolve(resolver);
    Some(GatewayConfig {
        listen,
        auth,
        upstream: upstream?,
        upstream_access,
        supervision: child.supervision(),
        store,
        limits,
        shield,
        caps,
        responses,
        log,
        metrics,
    })
}
