//! The port to a model server.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::backend::{BackendState, Load, ServedModel};
use crate::upstream_error::UpstreamError;

/// The routes of a model server that the gateway uses. There is no way to name another one, so no
/// request can reach a server's administrative routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
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
    /// `GET /v1/models`
    Models,
    /// `POST /tokenize`: how many tokens a prompt has.
    Tokenize,
    /// `POST /apply-template`: the prompt that a chat becomes, at llama.cpp's server.
    ApplyTemplate,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 8] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Embeddings,
        Self::Rerank,
        Self::Score,
        Self::Models,
        Self::Tokenize,
        Self::ApplyTemplate,
    ];

    /// Its path: the same at the gateway and at a model server.
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Embeddings => "/v1/embeddings",
            Self::Rerank => "/v1/rerank",
            Self::Score => "/v1/score",
            Self::Models => "/v1/models",
            Self::Tokenize => "/tokenize",
            Self::ApplyTemplate => "/apply-template",
        }
    }
}

/// One call. Its headers are the adapter's own: nothing of the client's is copied.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// Which route.
    pub route: Route,
    /// The JSON body; empty for `GET`.
    pub body: Bytes,
    /// How long to wait.
    pub patience: Patience,
}

/// How long to wait for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the call to the first byte of the answer's body.
    pub first_byte: Duration,
    /// The longest silence after that.
    pub idle: Duration,
    /// From the call to the last byte.
    pub total: Duration,
}

/// The body of an answer. Dropping it before its end closes the connection, which makes the model
/// server stop generating.
pub type UpstreamBody = Pin<Box<dyn http_body::Body<Data = Bytes, Error = UpstreamError> + Send>>;

/// An answer whose head has arrived.
pub struct UpstreamReply {
    /// The status, whatever it is: the engine decides what an error is.
    pub status: StatusCode,
    /// The server's headers, not meant for the client.
    pub headers: HeaderMap,
    /// The body, as bytes. It fails when the server stalls, cuts or lies about its length.
    pub body: UpstreamBody,
}

/// A model server.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Sends one call and waits for the head of the answer. Dropping the future cancels the call.
    async fn call(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError>;

    /// Whether it can take requests now.
    fn state(&self) -> BackendState;

    /// Waits until [`Upstream::state`] may have changed since this was called. It may return too
    /// often, never too late.
    async fn changed(&self);

    /// What it said of its load, last time it was asked; `None` when it does not say.
    fn load(&self) -> Option<Load>;

    /// The models it listed, last time it was asked. Empty: it listed none, or was never asked.
    fn served(&self) -> Arc<[ServedModel]>;

    /// Tells what became of a call whose head had arrived: `Err` for an answer that broke, stalled
    /// or reported an error of the server. It helps the server's state, and decides nothing alone.
    fn observe(&self, outcome: Result<(), &UpstreamError>);
}
