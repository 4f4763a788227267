//! One inbound call and its reply.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http_body::Body;
use transom_core::failure::Failure;
use transom_core::id::RequestId;
use transom_core::port::once::IdempotencyKey;
use transom_core::secret::Secret;
pub use transom_routing::queue::Priority;
use transom_wire::chat::Dropped;

use crate::session::Session;

/// The routes that generate something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/completions`
    Completions,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/rerank`
    Rerank,
    /// `POST /v1/score`
    Score,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/responses/input_tokens`
    InputTokens,
    /// `POST /v1/responses/compact`
    Compact,
}

impl Endpoint {
    /// The path, by its first name where it has several.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Embeddings => "/v1/embeddings",
            Self::Rerank => "/v1/rerank",
            Self::Score => "/v1/score",
            Self::Responses => "/v1/responses",
            Self::Compact => "/v1/responses/compact",
            Self::InputTokens => "/v1/responses/input_tokens",
        }
    }
}

/// What a request says beside its body.
#[derive(Clone, Debug)]
pub struct Hints {
    /// What ties it to a conversation: `session-id`, as Codex sends it.
    pub session: Option<String>,
    /// Who waits shorter: `x-transom-priority`.
    pub priority: Priority,
}

impl Default for Hints {
    fn default() -> Self {
        Self { session: None, priority: Priority::Normal }
    }
}

/// What makes a request one that is answered once.
#[derive(Clone, Debug)]
pub struct Once {
    /// The client's `Idempotency-Key`.
    pub key: IdempotencyKey,
    /// The request's own id.
    pub request: RequestId,
}

/// How a call comes in.
#[derive(Clone)]
pub enum Transport {
    /// As a request of its own.
    Request,
    /// As an event on a connection that remembers its turns.
    Socket(Arc<Session>),
}

impl Transport {
    /// What the connection remembers.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Request => None,
            Self::Socket(session) => Some(session),
        }
    }
}

/// One inbound call.
pub struct Call {
    /// What is asked for.
    pub endpoint: Endpoint,
    /// How it comes in.
    pub transport: Transport,
    /// The bearer token, if one came.
    pub credentials: Option<Secret>,
    /// What it says beside its body.
    pub hints: Hints,
    /// Its `Idempotency-Key`, if it has one.
    pub once: Option<Once>,
    /// The body, unpacked. It is read only when the caller is known and admitted.
    pub body: BoxFuture<'static, Result<Bytes, Failure>>,
}

/// A stream towards the client. What goes wrong in it is already part of it.
pub type EventBody = Pin<Box<dyn Body<Data = Bytes, Error = Infallible> + Send>>;

/// A successful reply.
pub enum Reply {
    /// A whole JSON body.
    Json(Bytes),
    /// An event stream.
    Events(EventBody),
    /// A reply to a request whose conversation was too long for the model, and what was left out.
    Shortened(Dropped, Box<Reply>),
    /// The answer to an earlier request.
    Again(Again),
}

/// The answer to an earlier request with the same `Idempotency-Key`, as it was.
pub struct Again {
    /// The id of that request.
    pub request: RequestId,
    /// Its answer.
    pub reply: Box<Reply>,
}
