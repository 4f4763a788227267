//! What a caller can tell apart when a request fails.
//!
//! A failure knows who is to blame and whether trying again can help, and keeps apart what the
//! caller may read and what the log says. Protocols render it in their own shape; the edge only
//! picks the protocol.

use std::time::Duration;

use http::StatusCode;

use crate::id::{ConversationId, ResponseId};
use crate::port::store::StoreError;
use crate::upstream_error::{Report, Symptom, UpstreamError};

mod public;

pub use public::{Kind, Public};

/// When to come back after a model server or the store could not be reached at all.
const UNREACHABLE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// When to come back after a model server said that it is loading, full or broken: another one may
/// be there by then.
const SICK_RETRY_AFTER: Duration = Duration::from_secs(5);

/// When to come back to a conversation, or a key, that another request works on.
const LOCKED_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No key, or a wrong one.
    #[error("no valid API key")]
    Unauthenticated,
    /// A field of the request is wrong.
    #[error("invalid request: {}", .0.message)]
    Invalid(Invalid),
    /// The object asked for does not exist for this caller.
    #[error("not found: {0:?}")]
    NotFound(Missing),
    /// The response to continue has not ended yet.
    #[error("response {0} is in progress")]
    InProgress(ResponseId),
    /// Another request works on the conversation, or it changed under a turn that was too slow.
    #[error("conversation {} is locked", .0.as_str())]
    ConversationLocked(ConversationId),
    /// Another request has the same `Idempotency-Key`.
    #[error("the idempotency key is taken: {0:?}")]
    Repeated(Repeated),
    /// The route exists with other methods.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body, or what it unpacks to, is larger than the limit.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body is not JSON, or packed in a way the gateway does not unpack.
    #[error("unsupported media type: {0}")]
    UnsupportedMediaType(&'static str),
    /// The client sent its body too slowly or stopped.
    #[error("the request body did not arrive in time")]
    BodyTimeout,
    /// More requests are in flight than the gateway takes on.
    #[error("too many requests in flight")]
    Overloaded {
        /// When to come back.
        retry_after: Duration,
    },
    /// The model is still loading, or its server is not there.
    #[error("the model is not ready: {state}")]
    NotReady {
        /// The backend's state in one word.
        state: &'static str,
        /// When to come back.
        retry_after: Duration,
    },
    /// No place for the request became free in time, or as many wait as may.
    #[error("no place at the model became free in time")]
    QueueTimeout {
        /// When to come back.
        retry_after: Duration,
    },
    /// A rate that the operator has set for the model is used up.
    #[error("the rate limit of the model is used up")]
    RateLimited {
        /// When to come back.
        retry_after: Duration,
    },
    /// No server of the model can serve it until its operator has put something right.
    #[error("the model {model} is misconfigured")]
    Misconfigured {
        /// The model, as the client called it.
        model: String,
        /// What its servers serve instead, by their own names: `None` for callers who must not
        /// know them.
        served: Option<Vec<String>>,
    },
    /// No server of the model tells how many tokens a prompt has.
    #[error("no server of the model counts tokens")]
    CountingUnavailable,
    /// Model servers died of this very request before.
    #[error("the request was there when model servers died")]
    Poisoned,
    /// The model server failed.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The gateway is going down and had to cut the request.
    #[error("the gateway is shutting down")]
    ShuttingDown,
    /// The client left, or cancelled the response.
    #[error("the client left or cancelled")]
    Cancelled,
    /// The process that ran a response in the background stopped in the middle of it.
    #[error("the gateway that ran it stopped")]
    Interrupted,
    /// A defect of the gateway.
    #[error("internal error: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The field, as a path: `input[2].content[0].type`.
    pub param: Option<String>,
    /// A stable word for programs.
    pub code: &'static str,
    /// For people: what is wrong and what would be right.
    pub message: String,
}

/// What does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// A stored response.
    Response(String),
    /// A conversation.
    Conversation {
        /// The id asked for.
        id: String,
        /// The field that holds it.
        param: &'static str,
    },
    /// An item of a conversation.
    Item(String),
    /// An item that a request refers to.
    Reference {
        /// The id asked for.
        id: String,
        /// The field that holds it.
        param: String,
    },
    /// A model.
    Model(String),
    /// A route.
    Route,
}

/// Why a request that repeats another one's `Idempotency-Key` does not get that one's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// The first one has no answer yet.
    InFlight,
    /// The first one had another body.
    OtherBody,
    /// The first one's answer was too large to be kept.
    TooLarge,
}

/// Who is to blame, which decides how loudly the failure is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The client: logged as information.
    Client,
    /// The model server: logged as a warning.
    Upstream,
    /// The gateway: logged as an error.
    Gateway,
}

impl Failure {
    /// A wrong field of the request.
    pub fn invalid(param: &str, code: &'static str, message: String) -> Self {
        Self::Invalid(Invalid { param: Some(param.to_owned()), code, message })
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Upstream(error) if is_about_request(error) => Blame::Client,
            Self::Upstream(_)
            | Self::NotReady { .. }
            | Self::QueueTimeout { .. }
            | Self::Misconfigured { .. }
            | Self::CountingUnavailable => Blame::Upstream,
            Self::Store(_) | Self::Internal(_) | Self::Interrupted => Blame::Gateway,
            _ => Blame::Client,
        }
    }

    /// What the caller may read.
    pub fn public(&self) -> Public {
        public::of(self)
    }

    /// What ails the model server, where it said so, as a word for the log.
    pub fn symptom(&self) -> Option<&'static str> {
        match self {
            Self::Upstream(error) => error.symptom().map(Symptom::word),
            _ => None,
        }
    }

    /// How long the caller should wait before it tries again; `None` where waiting does not help
    /// or nobody knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after }
            | Self::NotReady { retry_after, .. }
            | Self::QueueTimeout { retry_after }
            | Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Upstream(error) => upstream_retry_after(error),
            Self::ConversationLocked(_) | Self::Repeated(Repeated::InFlight) => {
                Some(LOCKED_RETRY_AFTER)
            }
            Self::Store(StoreError::Unavailable(_)) => Some(UNREACHABLE_RETRY_AFTER),
            _ => None,
        }
    }
}

fn upstream_retry_after(error: &UpstreamError) -> Option<Duration> {
    match error {
        UpstreamError::Status { retry_after: Some(wait), .. } => Some(*wait),
        UpstreamError::Connect { .. } | UpstreamError::ConnectTimeout { .. } => {
            Some(UNREACHABLE_RETRY_AFTER)
        }
        UpstreamError::Status { status, .. } if matches!(status.as_u16(), 429 | 503) => {
            Some(SICK_RETRY_AFTER)
        }
        _ => error.symptom().filter(|symptom| symptom.is_of_server()).map(|_| SICK_RETRY_AFTER),
    }
}

/// Whether a model server's error speaks about the request: its symptom says so, or its status.
fn is_about_request(error: &UpstreamError) -> bool {
    match (error.symptom(), error) {
        // A template or a parser that fails with 5xx is the server's own fault.
        (
            Some(Symptom::Template | Symptom::ToolParser) | None,
            UpstreamError::Status { status, report, .. },
        ) => blames_client(*status) || is_refusal(*status, report),
        (Some(symptom), _) => !symptom.is_of_server(),
        (None, _) => false,
    }
}

/// Whether a 501 speaks about the request: vLLM and llama.cpp say by its type that they will never
/// serve such a one (a forced call of gpt-oss on `/v1/responses`).
fn is_refusal(status: StatusCode, report: &Report) -> bool {
    let kind = report.kind.as_deref();
    status == StatusCode::NOT_IMPLEMENTED
        && matches!(kind, Some("NotImplementedError" | "not_supported_error"))
}

/// Whether a model server's error status speaks about the request. 401 and 403 do not: they speak
/// about the gateway's own key.
pub fn blames_client(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 409 | 413 | 415 | 422 | 429)
}

#[cfg(test)]
mod tests;
