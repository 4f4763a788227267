//! The finished configuration.

use std::path::PathBuf;

use transom_core::fleet::Fleet;

use crate::{
    Origin,
    fleet::{self, Assembled, Layer, LeftOut},
    resolve::Resolver,
    section::{
        admin::Admin,
        auth::Auth,
        cache, code_interpreter,
        deployments::Defaults,
        limits::Limits,
        listen::Listen,
        log::Log,
        mcp,
        metrics::Metrics,
        responses::Responses,
        routing,
        sealing::Sealing,
        shield::{Caps, Shield},
        store::Store,
        tracing,
        upstream::{self, Behind, Elsewhere},
        vllm::{self, Child, Supervision},
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
    /// The listener of the admin API.
    pub admin: Admin,
    /// Who may call.
    pub auth: Auth,
    /// The models, their servers, and how requests are shared out.
    pub fleet: Fleet,
    /// The vLLM to run; the fleet has it as the backend `vllm`.
    pub child: Option<Child>,
    /// Waits and restarts.
    pub supervision: Supervision,
    /// Where responses are kept.
    pub store: Store,
    /// The keys that seal what clients carry.
    pub sealing: Sealing,
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
    /// Sections with policies that are left out because of `--without-policies`, each as
    /// `FILE:LINE SECTION`.
    pub policies_left_out: Vec<String>,
    /// Models of the admin API that cannot be served beside the rest, each as `MODEL: REASON`.
    pub models_left_out: Vec<String>,
    /// Every file that was read or looked for, absolute: a change of one of them, or its
    /// appearance, may change all of this.
    pub sources: Vec<PathBuf>,
}

/// What reading every section gives.
pub(crate) struct Resolved {
    pub(crate) config: GatewayConfig,
    /// Each model with the place that declares it.
    pub(crate) origins: Vec<(String, Origin)>,
    /// Rows of the admin API that are not in effect.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Reads every section. The result is worth something only when no problem was noted; `sources`
/// is still empty in it.
pub(crate) fn resolve(resolver: &mut Resolver<'_>, layers: Vec<Layer>) -> Resolved {
    let auth = Auth::resolve(resolver);
    let listen = Listen::resolve(resolver, &auth);
    let admin = Admin::resolve(resolver, &auth);
    let limits = Limits::read(resolver);
    let declared = admin.listen.is_some() || layers.iter().any(Layer::has_models);
    upstream::choose(resolver, if declared { Elsewhere::Models } else { Elsewhere::Nothing });
    let vllm = vllm::Settings::read(resolver);
    let behind = Behind::resolve(resolver, &vllm, &limits);
    let (routing, enforce_rate_limits) = routing::Settings::resolve(resolver);
    let defaults = Defaults { limits: &limits, enforce_rate_limits };
    let Assembled { fleet, origins, left_out } =
        fleet::assemble(resolver, layers, behind.as_ref(), &routing, &defaults);
    let config = GatewayConfig {
        listen,
        admin,
        auth,
        fleet,
        child: behind.and_then(|behind| behind.child),
        supervision: vllm.supervision(),
        store: Store::resolve(resolver),
        sealing: Sealing::resolve(resolver),
        limits,
        shield: Shield::read(resolver),
        caps: Caps::read(resolver),
        responses: Responses::read(resolver),
        log: Log::read(resolver),
        metrics: Metrics::resolve(resolver),
        policies_left_out: resolver.findings.left_out.iter().map(ToString::to_string).collect(),
        models_left_out: left_out.iter().map(LeftOut::told).collect(),
        sources: Vec::new(),
    };
    code_interpreter::resolve(resolver);
    cache::resolve(resolver);
    mcp::resolve(resolver);
    web_search::resolve(resolver);
    tracing::resolve(resolver);
    Resolved { config, origins, left_out }
}
