//! A model server: where it is, and how the gateway sees it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::port::upstream::Route;
use crate::secret::Secret;

mod names;

pub use names::unknown_name;

/// The name of a server, in the configuration, in logs and in the admin API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackendId(pub Arc<str>);

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct BackendSpec {
    /// Its name.
    pub id: BackendId,
    /// The base of its API, with `/v1`, without a slash at the end.
    pub url: Arc<str>,
    /// The key it gets. The client's key never gets there.
    pub key: BackendKey,
    /// How its certificate is checked, for `https`.
    pub tls: BackendTls,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How the gateway finds out whether it is well.
    pub probe: ProbeStyle,
    /// How turns of the Responses API are sent to it.
    pub api_kind: ApiKind,
}

/// How a server is asked for turns of the Responses API. All state and all tools are the gateway's
/// either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ApiKind {
    /// At `/v1/chat/completions`.
    #[default]
    ChatCompletions,
    /// At its own `/v1/responses`.
    Responses,
}

impl ApiKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ChatCompletions, Self::Responses];

    /// The word in files and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Responses => "responses",
        }
    }

    /// The route that turns are sent to.
    pub fn route(self) -> Route {
        match self {
            Self::ChatCompletions => Route::ChatCompletions,
            Self::Responses => Route::Responses,
        }
    }
}

/// Whether a server has a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Has {
    /// It was not asked, or its answer tells nothing.
    #[default]
    Unknown,
    /// It has it.
    Yes,
    /// It says that it has no such route.
    No,
}

impl Has {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Yes, Self::No];

    /// The word in logs and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// Which routes for generating a server has, as far as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// `/v1/chat/completions`
    pub chat_completions: Has,
    /// `/v1/responses`
    pub responses: Has,
}

impl Offer {
    /// Whether the server has said that it lacks this route.
    pub fn lacks(&self, route: Route) -> bool {
        match route {
            Route::ChatCompletions => self.chat_completions == Has::No,
            Route::Responses => self.responses == Has::No,
            _ => false,
        }
    }
}

/// The gateway's own key for a server.
#[derive(Clone, Debug)]
pub enum BackendKey {
    /// It needs none.
    None,
    /// This one.
    Key(Secret),
    /// It is to be read from a place that has none: the server is misconfigured. The text says why,
    /// as a sentence that names the place, and never a key.
    Missing(Arc<str>),
}

/// TLS towards a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendTls {
    /// PEM file with a private authority; the system's roots when absent.
    pub ca: Option<PathBuf>,
    /// PEM files with the certificate and the key that the gateway shows.
    pub client: Option<ClientIdentity>,
    /// Whether any certificate will do. Only for servers that nobody else can reach.
    pub insecure: bool,
}

/// A client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with its key.
    pub key: PathBuf,
}

/// How the gateway finds out whether a server is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbeStyle {
    /// It is asked for its list of models, its health and its metrics, every two seconds.
    #[default]
    Active,
    /// It is asked once; then what happens to requests decides. Only its list of models is read
    /// again now and then, so that a name that it has begun or ceased to serve is noticed.
    Passive,
}

/// Whether a model server can take requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackendState {
    /// It is starting, or has not been reached yet: requests wait for it.
    Loading {
        /// What it is waiting for, for operators: `connection refused`, `status 503`, …
        reason: Arc<str>,
    },
    /// It answers.
    Ready,
    /// It answers, but something is wrong: it still gets requests, after the ready ones.
    Degraded {
        /// What is wrong, for operators.
        reason: Arc<str>,
    },
    /// It cannot be reached, and has not been for longer than loading takes.
    Unreachable {
        /// What happened, for operators.
        reason: Arc<str>,
    },
    /// An operator has taken it out; what it has begun is finished.
    Draining {
        /// Why, in the operator's words.
        reason: Arc<str>,
    },
    /// It answers but cannot serve: a wrong key, a name it does not know.
    Misconfigured {
        /// What to do about it, for operators.
        reason: Arc<str>,
    },
}

/// A state without its reason: the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It answers.
    Ready,
    /// It answers, but something is wrong.
    Degraded,
    /// It is starting, or has not been reached yet.
    Loading,
    /// An operator has taken it out.
    Draining,
    /// It cannot be reached.
    Unreachable,
    /// It answers but cannot serve.
    Misconfigured,
}

impl Standing {
    /// Every standing, the best first.
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::Degraded,
        Self::Loading,
        Self::Draining,
        Self::Unreachable,
        Self::Misconfigured,
    ];

    /// One word, as `/readyz` and metrics show it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Loading => "loading",
            Self::Draining => "draining",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
        }
    }
}

impl BackendState {
    /// The words of all states, the best first.
    pub const WORDS: [&str; 6] =
        ["ready", "degraded", "loading", "draining", "unreachable", "misconfigured"];

    /// How good a state is: smaller is better.
    pub fn rank(&self) -> usize {
        self.standing() as usize
    }

    /// The state without its reason.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Loading { .. } => Standing::Loading,
            Self::Ready => Standing::Ready,
            Self::Degraded { .. } => Standing::Degraded,
            Self::Unreachable { .. } => Standing::Unreachable,
            Self::Draining { .. } => Standing::Draining,
            Self::Misconfigured { .. } => Standing::Misconfigured,
        }
    }

    /// One word, as `/readyz` and metrics show it.
    pub fn word(&self) -> &'static str {
        self.standing().word()
    }

    /// What operators should know beyond the word.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Loading { reason }
            | Self::Degraded { reason }
            | Self::Unreachable { reason }
            | Self::Draining { reason }
            | Self::Misconfigured { reason } => Some(reason),
        }
    }

    /// Whether it gets requests.
    pub fn takes_requests(&self) -> bool {
        matches!(self, Self::Ready | Self::Degraded { .. })
    }
}

/// What a server says about its own load, as vLLM's `/metrics` tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Requests it is working on (`vllm:num_requests_running`).
    pub running: u32,
    /// Requests that wait in its own queue (`vllm:num_requests_waiting`).
    pub waiting: u32,
    /// The share of its KV cache in use, 0 to 1 (`vllm:kv_cache_usage_perc`).
    pub kv_cache: f32,
}

/// A model as a server's `/v1/models` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedModel {
    /// Its id there.
    pub id: Arc<str>,
    /// The longest prompt and answer together, in tokens, where the server says so.
    pub max_model_len: Option<u32>,
}

#[cfg(test)]
mod tests;
