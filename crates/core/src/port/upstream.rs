//! The port to a model server.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::backend::BackendState;
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
    /// `GET /v1/models`
    Models,
}

/// One call. Its headers are the adapter's own: nothing of the client's is copied.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// Which route.
    pub route: Route,
    /// The JSON body; empty for `GET`.
    pub body: Bytes,
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

/// A model server, or a group of them.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Sends one call and waits for the head of the answer. Dropping the future cancels the call.
    async fn call(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError>;

    /// Whether it can take requests now.
    fn state(&self) -> BackendState;
}
