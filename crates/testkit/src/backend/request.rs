//! A request as it arrived.

use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;

use crate::http1::Headers;

/// The paths that ask a model for something.
pub(crate) const INFERENCE: [&str; 6] = [
    "/v1/chat/completions",
    RESPONSES,
    "/v1/completions",
    "/v1/embeddings",
    "/v1/rerank",
    "/v1/score",
];

/// The path of vLLM's own responses.
pub(crate) const RESPONSES: &str = "/v1/responses";

/// One received request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its place among all requests of this backend, from 0.
    pub number: usize,
    /// The connection it came on, counted from 0.
    pub connection: usize,
    /// The name that answers carry instead of the one asked for.
    pub(super) reported: Option<String>,
    /// The tokens of its prompt, where the backend counts them.
    pub(super) prompt_tokens: Option<u32>,
    /// The method.
    pub method: String,
    /// The request target, query included.
    pub target: String,
    /// The header fields, exactly as sent.
    pub headers: Headers,
    /// The body without its framing.
    pub body: Bytes,
    /// When the last byte of the body had arrived.
    pub arrived: Instant,
}

impl Request {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The model name for the answer: the one asked for, unless the backend reports another.
    pub fn model(&self) -> String {
        let asked = || self.json()["model"].as_str().unwrap_or_default().to_owned();
        self.reported.clone().unwrap_or_else(asked)
    }

    /// The tokens of its prompt, where the backend counts them; see [`super::Tokenizer`].
    pub fn prompt_tokens(&self) -> Option<u32> {
        self.prompt_tokens
    }

    /// Whether the body asks for a stream.
    pub fn wants_stream(&self) -> bool {
        self.json()["stream"] == Value::Bool(true)
    }

    /// Whether a stream is to end with a usage chunk.
    pub fn wants_usage(&self) -> bool {
        self.json()["stream_options"]["include_usage"] == Value::Bool(true)
    }

    /// Whether the request asks the model for something.
    pub fn is_inference(&self) -> bool {
        self.method == "POST" && INFERENCE.contains(&self.path())
    }
}
