//! A model as it is written, in the words of `transom.yaml`: what is read here can be sent back.

use std::sync::Arc;

use transom_core::backend::BackendSpec;
use transom_core::model::{self, Mode, Strategy, UpstreamName};

use super::{ApiKindWord, ProbeWord, address, api_kind, probe};
use crate::shape::{Definitions, Schema, Seconds, Shape, object, shape, words};

words! {
    /// How a deployment is chosen.
    StrategyWord of Strategy::ALL.map(Strategy::word)
}

words! {
    /// What a deployment can be asked for.
    ModeWord of Mode::ALL.map(Mode::word)
}

/// What is sent to write a model. It is read where the words of `transom.yaml` are known; here it
/// is only described.
pub(crate) enum ModelDeclaration {}

impl Shape for ModelDeclaration {
    fn schema(all: &mut Definitions) -> Schema {
        all.named("ModelDeclaration", |all| {
            let mut object = object("A model, and servers that are not declared elsewhere.");
            object.add::<Option<ModelDeclared>>("model", "The model.", all);
            object.add::<Option<Vec<BackendDeclared>>>("backends", "Servers it brings along.", all);
            object
        })
    }
}

shape! {
    /// A model.
    answer struct ModelDeclared {
        /// The name that clients ask for; it may hold one `*`.
        name: Option<Arc<str>>,
        /// How one of its deployments is chosen; absent: as `routing.strategy` says.
        strategy: Option<StrategyWord>,
        /// Models that take over when every deployment has failed.
        fallbacks: Option<Vec<Arc<str>>>,
        /// Models that take over when a request is too long.
        context_fallbacks: Option<Vec<Arc<str>>>,
        /// Models that take over when the content is refused.
        content_fallbacks: Option<Vec<Arc<str>>>,
        /// Most tries beyond the first; absent: as `routing.retries` says.
        retries: Option<u32>,
        /// Whether the list of models leaves it out.
        hidden: Option<bool>,
        /// Whether answers keep the name that the server uses.
        expose_upstream_model: Option<bool>,
        /// Where it is served.
        deployments: Option<Vec<DeploymentDeclared>>,
    }
}

shape! {
    /// One place that serves a model.
    answer struct DeploymentDeclared {
        /// Its server.
        backend: Arc<str>,
        /// Its name; one is made up when it is absent.
        id: Option<Arc<str>>,
        /// The model's name there; absent: the name as the client asked it.
        model: Option<Arc<str>>,
        /// What it can be asked for.
        mode: Option<ModeWord>,
        /// Its share among the deployments of one order.
        weight: Option<u32>,
        /// Deployments of the lowest order are used first.
        order: Option<u32>,
        /// Requests in each minute.
        rpm: Option<u32>,
        /// Tokens in each minute.
        tpm: Option<u64>,
        /// Whether these two are limits rather than hints.
        enforce_rate_limits: Option<bool>,
        /// Most requests at once.
        max_parallel_requests: Option<u32>,
        /// The longest prompt and answer together, in tokens.
        max_context_tokens: Option<u32>,
        /// How long an answer that is not streamed may take, in seconds.
        request_timeout: Option<Seconds>,
        /// How long the first byte of a streamed answer may take, in seconds.
        first_chunk_timeout: Option<Seconds>,
        /// How long a streamed answer may take, in seconds.
        stream_timeout: Option<Seconds>,
        /// The longest silence within a streamed answer, in seconds.
        idle_timeout: Option<Seconds>,
        /// What a million tokens of the prompt cost.
        price_input: Option<f64>,
        /// What a million tokens of the answer cost.
        price_output: Option<f64>,
        /// Words of the operator.
        tags: Option<Vec<Arc<str>>>,
        /// Whether it gets requests although its server does not list its name.
        trust_name: Option<bool>,
    }
}

shape! {
    /// How to reach a server.
    answer struct BackendDeclared {
        /// Its name.
        name: Arc<str>,
        /// The base of its API, with `/v1`.
        url: String,
        /// The key it gets, as `env:NAME` or `file:PATH`. It can be written and is never shown.
        api_key: Option<String>,
        /// PEM file with a private authority.
        ca: Option<String>,
        /// PEM file with the certificate that the gateway shows.
        client_certificate: Option<String>,
        /// PEM file with its key.
        client_key: Option<String>,
        /// Whether any certificate of it will do.
        insecure_tls: Option<bool>,
        /// How long connecting may take, in seconds.
        connect_timeout: Option<Seconds>,
        /// How it is watched.
        probe: Option<ProbeWord>,
        /// Where it is asked for turns of the Responses API.
        api_kind: Option<ApiKindWord>,
    }
}

/// Shows a model as it is written.
pub(super) fn model(model: &model::Model) -> ModelDeclared {
    ModelDeclared {
        name: Some(model.name.shared()),
        strategy: model.strategy.map(|strategy| StrategyWord(strategy.word())),
        fallbacks: Some(model.fallbacks.clone()),
        context_fallbacks: Some(model.context_fallbacks.clone()),
        content_fallbacks: Some(model.content_fallbacks.clone()),
        retries: model.retries,
        hidden: Some(model.hidden),
        expose_upstream_model: Some(model.expose_upstream_model),
        deployments: Some(model.deployments.iter().map(deployment).collect()),
    }
}

fn deployment(deployment: &model::Deployment) -> DeploymentDeclared {
    let (limits, timeouts) = (&deployment.limits, &deployment.timeouts);
    DeploymentDeclared {
        backend: Arc::clone(&deployment.backend.0),
        id: Some(Arc::clone(&deployment.id.0)),
        model: match &deployment.upstream {
            UpstreamName::AsAsked => None,
            UpstreamName::Named(name) => Some(Arc::clone(name)),
        },
        mode: Some(ModeWord(deployment.mode.word())),
        weight: Some(deployment.weight),
        order: Some(deployment.order),
        rpm: limits.requests_per_minute,
        tpm: limits.tokens_per_minute,
        enforce_rate_limits: Some(limits.enforced),
        max_parallel_requests: limits.parallel_requests,
        max_context_tokens: deployment.max_context_tokens,
        request_timeout: Some(Seconds(timeouts.request)),
        first_chunk_timeout: Some(Seconds(timeouts.first_chunk)),
        stream_timeout: Some(Seconds(timeouts.stream)),
        idle_timeout: Some(Seconds(timeouts.idle)),
        price_input: deployment.price.input,
        price_output: deployment.price.output,
        tags: Some(deployment.tags.clone()),
        trust_name: Some(deployment.trust_name),
    }
}

/// Shows a server as it is written, without its key.
pub(super) fn backend(spec: &BackendSpec) -> BackendDeclared {
    let file = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    let client = spec.tls.client.as_ref();
    BackendDeclared {
        name: Arc::clone(&spec.id.0),
        url: address(&spec.url),
        api_key: None,
        ca: spec.tls.ca.as_ref().map(file),
        client_certificate: client.map(|client| file(&client.certificate)),
        client_key: client.map(|client| file(&client.key)),
        insecure_tls: Some(spec.tls.insecure),
        connect_timeout: Some(Seconds(spec.connect_timeout)),
        probe: Some(probe(spec.probe)),
        api_kind: Some(api_kind(spec.api_kind)),
    }
}
