//! Everything that can be asked for and everything that serves it, as the operator declared it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::BackendSpec;
use crate::model::{Alias, Model, Strategy};

/// The models, their other names and their servers.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// The servers. Every deployment names one of them; no two have the same id.
    pub backends: Vec<BackendSpec>,
    /// The models. No two have the same name.
    pub models: Vec<Model>,
    /// Other names of models.
    pub aliases: Vec<Alias>,
    /// How requests are shared out and what happens when one fails.
    pub routing: Routing,
}

/// How requests are shared out and what happens when one fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    /// How a deployment is chosen where its model does not say.
    pub strategy: Strategy,
    /// Most tries beyond the first where the model does not say.
    pub retries: u32,
    /// Most tries beyond the first for one class of failure; classes that are absent have `retries`.
    pub retries_for: BTreeMap<FailureClass, u32>,
    /// Retries may be at most this share of all requests, between 0 and 1.
    pub retry_budget: f64,
    /// Failures in a row that take a deployment out.
    pub breaker_failures: u32,
    /// How long a deployment stays out after that; doubled each time it fails again.
    pub breaker_cooldown: Duration,
    /// Whether failing deployments are taken out at all.
    pub breaker: bool,
    /// A deployment whose share of failures is larger than this is taken out, between 0 and 1.
    pub ejection_ratio: f64,
    /// Never more than this share of a model's deployments is taken out at once for that reason.
    pub ejection_floor: f64,
    /// Models that take over where a model names none.
    pub default_fallbacks: Vec<Arc<str>>,
    /// Most models that one request tries beyond the first.
    pub max_fallbacks: u32,
    /// Most requests that wait for each model.
    pub queue_length: u32,
    /// How long a request waits for a place or for a model that loads.
    pub queue_timeout: Duration,
    /// For how long after a start, a change or its last answer a server that cannot be reached is
    /// taken for one that is loading.
    pub startup_grace: Duration,
    /// Deaths of a server after which the request that met them is refused; 0: never.
    pub poison_strikes: u32,
}

/// Classes of failure that are retried apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// No connection, or it broke before an answer.
    Connection,
    /// No answer in time.
    Timeout,
    /// 429.
    RateLimit,
    /// 5xx, or an answer that is not understood.
    Server,
    /// 401 or 403: the gateway's key.
    Authentication,
    /// 404: the server does not know the model.
    NotFound,
    /// The request itself is wrong: no other server would take it.
    BadRequest,
    /// The prompt is longer than the model's context.
    ContextLength,
    /// The content is refused.
    ContentPolicy,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Connection,
        Self::Timeout,
        Self::RateLimit,
        Self::Server,
        Self::Authentication,
        Self::NotFound,
        Self::BadRequest,
        Self::ContextLength,
        Self::ContentPolicy,
    ];

    /// The word in files, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate_limit",
            Self::Server => "server",
            Self::Authentication => "authentication",
            Self::NotFound => "not_found",
            Self::BadRequest => "bad_request",
            Self::ContextLength => "context_length",
            Self::ContentPolicy => "content_policy",
        }
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            retries: 2,
            retries_for: BTreeMap::new(),
            retry_budget: 0.2,
            breaker_failures: 5,
            breaker_cooldown: Duration::from_secs(5),
            breaker: true,
            ejection_ratio: 0.2,
            ejection_floor: 0.5,
            default_fallbacks: Vec::new(),
            max_fallbacks: 5,
            queue_length: 1024,
            queue_timeout: Duration::from_secs(30),
            startup_grace: Duration::from_mins(10),
            poison_strikes: 2,
        }
    }
}
