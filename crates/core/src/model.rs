//! What clients ask for, and where it is served: model → deployment → backend.
//!
//! A [`Model`] is a name that clients know. Its [`Deployment`]s are places that serve it, each on a
//! [backend](crate::backend::BackendSpec), possibly under another name there. Several deployments
//! of one model are its group: requests are shared out among them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

mod name;

pub use name::{ModelName, UpstreamName};

use crate::backend::BackendId;
use crate::port::upstream::Route;

/// A name that clients may ask for, with the places that serve it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What clients call it, or a pattern of such names.
    pub name: ModelName,
    /// Where it is served; never empty.
    pub deployments: Vec<Deployment>,
    /// How one of them is chosen; `None`: as [`crate::fleet::Routing::strategy`] says.
    pub strategy: Option<Strategy>,
    /// Models that take over when every deployment of this one has failed, in order.
    pub fallbacks: Vec<Arc<str>>,
    /// Models that take over when a request is too long for this one.
    pub context_fallbacks: Vec<Arc<str>>,
    /// Models that take over when this one refuses the content.
    pub content_fallbacks: Vec<Arc<str>>,
    /// Most tries beyond the first; `None`: as [`crate::fleet::Routing::retries`] says.
    pub retries: Option<u32>,
    /// Whether the list of models leaves it out.
    pub hidden: bool,
    /// Whether answers keep the name that the model server uses.
    pub expose_upstream_model: bool,
    /// Who declared it.
    pub source: Source,
}

/// Who declared a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, a flag or a variable: it is changed there.
    File,
    /// The admin API: it is kept in the store.
    Admin,
}

/// Another name of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The other name.
    pub name: Arc<str>,
    /// The model it stands for.
    pub model: Arc<str>,
    /// Whether the list of models leaves it out.
    pub hidden: bool,
}

/// The name of a deployment: stable across reloads, so that what was learnt about it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeploymentId(pub Arc<str>);

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One place that serves a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its name.
    pub id: DeploymentId,
    /// Its server.
    pub backend: BackendId,
    /// The model's name there.
    pub upstream: UpstreamName,
    /// What it can be asked for.
    pub mode: Mode,
    /// Its share among the deployments of one order, relative to the others; 0 takes it out of the
    /// weighted choice as long as another one is there.
    pub weight: u32,
    /// Deployments of the lowest order are used first; the next order only when they all failed.
    pub order: u32,
    /// How much it is given at once and per minute.
    pub limits: Capacity,
    /// The longest prompt and answer together, in tokens, that are sent there.
    pub max_context_tokens: Option<u32>,
    /// How long to wait for it.
    pub timeouts: Timeouts,
    /// What its tokens cost; read and kept for budgets.
    pub price: Price,
    /// Words of the operator.
    pub tags: Vec<Arc<str>>,
    /// Whether it gets requests although its server's list of models lacks the name.
    pub trust_name: bool,
}

/// How much a deployment is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Requests in each minute: a hint for the choice, or a limit when `enforced`.
    pub requests_per_minute: Option<u32>,
    /// Tokens in each minute, likewise.
    pub tokens_per_minute: Option<u64>,
    /// Most requests at once; further ones wait.
    pub parallel_requests: Option<u32>,
    /// Whether the two rates are limits: a request over them gets 429.
    pub enforced: bool,
}

/// How long to wait for a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// An answer that is not streamed, from the call to its last byte.
    pub request: Duration,
    /// A streamed answer, from the call to its first byte.
    pub first_chunk: Duration,
    /// A streamed answer, from the call to its last byte.
    pub stream: Duration,
    /// The longest silence within a streamed answer.
    pub idle: Duration,
}

/// What tokens cost, in units of the operator's currency per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// Tokens of the prompt.
    pub input: Option<f64>,
    /// Tokens of the answer.
    pub output: Option<f64>,
}

/// What a deployment can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Chat completions and responses; vLLM serves plain completions of the same model too.
    Chat,
    /// Plain completions only.
    Completion,
    /// Embeddings.
    Embedding,
    /// Sorting documents by a query.
    Rerank,
    /// Comparing texts.
    Score,
    /// Whatever its server can do: nobody said.
    Any,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 6] =
        [Self::Chat, Self::Completion, Self::Embedding, Self::Rerank, Self::Score, Self::Any];

    /// The word in files and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completion => "completion",
            Self::Embedding => "embedding",
            Self::Rerank => "rerank",
            Self::Score => "score",
            Self::Any => "any",
        }
    }

    /// Whether a deployment of this mode can take a call of `route`. Rerankers answer scores and
    /// the reverse: vLLM serves both routes with the same models.
    pub fn serves(self, route: Route) -> bool {
        match self {
            Self::Any => true,
            Self::Chat => {
                matches!(route, Route::ChatCompletions | Route::Responses | Route::Completions)
            }
            Self::Completion => route == Route::Completions,
            Self::Embedding => matches!(route, Route::Embeddings | Route::Score),
            Self::Rerank | Self::Score => matches!(route, Route::Rerank | Route::Score),
        }
    }
}

/// How a deployment is chosen among those that can take a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// At random, by weight.
    #[default]
    WeightedShuffle,
    /// In turn.
    RoundRobin,
    /// The one with the fewest requests: ours in flight and the server's own queue.
    LeastLoaded,
    /// The less loaded of two picked at random.
    TwoChoices,
    /// The one that has answered fastest of late.
    LowestLatency,
    /// The one that probably has the beginning of the prompt in its cache, unless it is overloaded.
    PrefixAware,
    /// The one that served the conversation before.
    Session,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 7] = [
        Self::WeightedShuffle,
        Self::RoundRobin,
        Self::LeastLoaded,
        Self::TwoChoices,
        Self::LowestLatency,
        Self::PrefixAware,
        Self::Session,
    ];

    /// The word in files and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::WeightedShuffle => "weighted_shuffle",
            Self::RoundRobin => "round_robin",
            Self::LeastLoaded => "least_loaded",
            Self::TwoChoices => "two_choices",
            Self::LowestLatency => "lowest_latency",
            Self::PrefixAware => "prefix_aware",
            Self::Session => "session",
        }
    }
}

#[cfg(test)]
mod tests;
