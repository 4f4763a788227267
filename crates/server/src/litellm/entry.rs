//! A deployment as `LiteLLM` shows it: `{model_name, litellm_params, model_info}`. A model of
//! several deployments is several entries with one name.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use transom_core::backend::BackendSpec;
use transom_core::model::{Deployment, Mode, Source, UpstreamName};
use transom_engine::control::ModelView;

use crate::admin::shown::address;
use crate::shape::{Seconds, shape};

/// The provider that `LiteLLM` calls vLLM.
const PROVIDER: &str = "hosted_vllm";

/// Prices are kept per million tokens and shown per token.
const MILLION: f64 = 1_000_000.0;

shape! {
    /// Every deployment.
    answer struct LiteLlmModels {
        /// The deployments, those of one model one after the other.
        data: Vec<LiteLlmModel>,
    }
}

shape! {
    /// One deployment of a model.
    answer struct LiteLlmModel {
        /// The name that clients ask for.
        model_name: Arc<str>,
        /// Where it is served.
        litellm_params: LiteLlmParams,
        /// What is known about it.
        model_info: LiteLlmInfo,
    }
}

shape! {
    /// Where a model is served. Keys are never shown.
    answer struct LiteLlmParams {
        /// Its name there, with the provider in front; for clients, the name they ask for.
        model: String,
        /// The base of its server's API.
        api_base: Option<String>,
        /// Requests in each minute.
        rpm: Option<u32>,
        /// Tokens in each minute.
        tpm: Option<u64>,
        /// Most requests at once.
        max_parallel_requests: Option<u32>,
        /// Its share among the deployments of one order.
        weight: Option<u32>,
        /// Deployments of the lowest order are used first.
        order: Option<u32>,
        /// How long an answer that is not streamed may take, in seconds.
        timeout: Option<Seconds>,
        /// How long the first byte of a streamed answer may take, in seconds.
        stream_timeout: Option<Seconds>,
    }
}

shape! {
    /// What is known about a deployment.
    answer struct LiteLlmInfo {
        /// The deployment's id.
        id: Arc<str>,
        /// Whether it was added through this API, and can be changed through it.
        db_model: bool,
        /// `chat`, `completion`, `embedding`, `rerank` or `score`; absent when nobody said.
        mode: Option<&'static str>,
        /// The longest prompt and answer together, in tokens, where it is limited.
        max_input_tokens: Option<u32>,
        /// What a token of the prompt costs.
        input_cost_per_token: Option<f64>,
        /// What a token of the answer costs.
        output_cost_per_token: Option<f64>,
    }
}

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// May read where models are served.
    Operator,
    /// May read what models there are.
    Client,
}

/// The entries of a model.
pub(crate) fn of(view: &ModelView, reader: Reader) -> Vec<LiteLlmModel> {
    view.model.deployments.iter().map(|deployment| entry(view, deployment, reader)).collect()
}

/// The entry of a deployment.
pub(crate) fn entry(view: &ModelView, deployment: &Deployment, reader: Reader) -> LiteLlmModel {
    let model_name = view.model.name.shared();
    let litellm_params = match reader {
        Reader::Operator => params(view, deployment),
        Reader::Client => hidden(&model_name),
    };
    let price = |price: Option<f64>| price.filter(|_| reader == Reader::Operator);
    let model_info = LiteLlmInfo {
        id: match reader {
            Reader::Operator => Arc::clone(&deployment.id.0),
            Reader::Client => opaque(&deployment.id.0),
        },
        db_model: view.model.source == Source::Admin,
        mode: Some(deployment.mode).filter(|mode| *mode != Mode::Any).map(Mode::word),
        max_input_tokens: deployment.max_context_tokens,
        input_cost_per_token: price(deployment.price.input).map(|price| price / MILLION),
        output_cost_per_token: price(deployment.price.output).map(|price| price / MILLION),
    };
    LiteLlmModel { model_name, litellm_params, model_info }
}

/// The name of a deployment's model at its server.
pub(crate) fn upstream<'a>(view: &'a ModelView, deployment: &'a Deployment) -> &'a str {
    match &deployment.upstream {
        UpstreamName::AsAsked => view.model.name.as_str(),
        UpstreamName::Named(name) => name,
    }
}

/// The same with the provider in front.
pub(crate) fn provided(upstream: &str) -> String {
    format!("{PROVIDER}/{upstream}")
}

/// The server of a deployment.
pub(crate) fn server<'a>(view: &'a ModelView, deployment: &Deployment) -> Option<&'a BackendSpec> {
    view.backends.iter().find(|backend| backend.id == deployment.backend)
}

fn params(view: &ModelView, deployment: &Deployment) -> LiteLlmParams {
    LiteLlmParams {
        model: provided(upstream(view, deployment)),
        api_base: server(view, deployment).map(|server| address(&server.url)),
        rpm: deployment.limits.requests_per_minute,
        tpm: deployment.limits.tokens_per_minute,
        max_parallel_requests: deployment.limits.parallel_requests,
        weight: Some(deployment.weight),
        order: Some(deployment.order),
        timeout: Some(Seconds(deployment.timeouts.request)),
        stream_timeout: Some(Seconds(deployment.timeouts.first_chunk)),
    }
}

/// An id that tells deployments apart and says nothing: theirs may hold the names of hosts.
fn opaque(id: &str) -> Arc<str> {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    Arc::from(format!("{:016x}", hasher.finish()))
}

/// Names and addresses stay inside.
fn hidden(name: &str) -> LiteLlmParams {
    LiteLlmParams {
        model: name.to_owned(),
        api_base: None,
        rpm: None,
        tpm: None,
        max_parallel_requests: None,
        weight: None,
        order: None,
        timeout: None,
        stream_timeout: None,
    }
}
