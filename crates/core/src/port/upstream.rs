//! The port to a model server.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::backend::{ApiKind, BackendState, Load, Offer, ServedModel, Standing};
use crate::upstream_error::UpstreamError;

/// The routes of a model server that the gateway uses. There is no way to name another one, so no
/// request can reach a server's administrative routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/responses`
    Responses,
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
    pub const ALL: [Self; 9] = [
        Self::ChatCompletions,
        Self::Responses,
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
            Self::Responses => "/v1/responses",
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

/// What can be told of a server at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Its [state](Upstream::state), without a reason.
    pub standing: Standing,
    /// Requests that wait in its own queue, by its [load](Upstream::load); 0 where it says nothing.
    pub waiting: u32,
    /// Counts its [lists of models](Upstream::served): what was found in one of them holds until
    /// there is another.
    pub lists: u32,
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

    /// What can be told of it without waiting for anybody: a choice among many servers looks at
    /// each of them.
    fn glance(&self) -> Glance;

    /// What it said of its load, last time it was asked; `None` when it does not say.
    fn load(&self) -> Option<Load>;

    /// The models it listed, last time it was asked. Empty: it listed none, or was never asked.
    fn served(&self) -> Arc<[ServedModel]>;

    /// How turns of the Responses API are sent to it.
    fn api_kind(&self) -> ApiKind {
        ApiKind::ChatCompletions
    }

    /// Which routes it has, as far as it has said.
    fn offer(&self) -> Offer {
        Offer::default()
    }

    /// Tells what became of a call whose head had arrived: `Err` for an answer that broke, stalled
    /// or reported an error of the server. It helps the server's state, and decides nothing alone.
    fn observe(&self, outcome: Result<(), &UpstreamError>);

    /// Tells that its list of models may not be what it was: it did not know a name that it listed,
    /// or somebody wants one that it did not list. It may be asked for the list again.
    fn doubt_names(&self);
}
