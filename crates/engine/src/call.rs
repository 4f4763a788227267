//! One inbound call and its reply.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http_body::Body;
use transom_core::failure::Failure;
use transom_core::secret::Secret;

/// The routes that generate something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/completions`
    Completions,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/responses`
    Responses,
}

/// One inbound call.
pub struct Call {
    /// What is asked for.
    pub endpoint: Endpoint,
    /// The bearer token, if one came.
    pub credentials: Option<Secret>,
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
}
