//! How a server is called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::{Instant, timeout};
use transom_core::backend::{
    ApiKind, BackendKey, BackendState, Load, Offer, ProbeStyle, ServedModel,
};
use transom_core::port::upstream::{Glance, Route, Upstream, UpstreamReply, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;

use super::Backend;
use crate::base::Page;
use crate::body::{Pulse, Timed};
use crate::probe;
use crate::transport::Call;
use crate::trouble::Trouble;

impl Backend {
    /// Reads a page of at most `limit` bytes: the probe's call, whatever the state.
    pub(crate) async fn fetch(
        &self,
        page: Page,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), Trouble> {
        let call = Call {
            method: Method::GET,
            uri: self.base.page(page),
            headers: self.headers.clone(),
            body: Bytes::new(),
        };
        let reading = async {
            let (head, body) = self.transport.exchange(&call).await?.into_parts();
            let whole = Limited::new(body, limit).collect().await.map_err(|error| {
                Trouble::Broken(if error.is::<LengthLimitError>() {
                    format!("its answer has more than {limit} bytes")
                } else {
                    error.to_string()
                })
            })?;
            Ok((head.status, whole.to_bytes()))
        };
        timeout(probe::LIMIT, reading).await.unwrap_or(Err(Trouble::Silent(probe::LIMIT)))
    }

    async fn send(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError> {
        let (started, patience) = (Instant::now(), request.patience);
        let call = Call {
            method: match request.route {
                Route::Models => Method::GET,
                Route::ChatCompletions
                | Route::Responses
                | Route::Completions
                | Route::Embeddings
                | Route::Rerank
                | Route::Score
                | Route::Tokenize
                | Route::ApplyTemplate => Method::POST,
            },
            uri: self.base.uri(request.route),
            headers: self.headers.clone(),
            body: request.body,
        };
        let limit = patience.first_byte.min(patience.total);
        let answer = match timeout(limit, self.transport.exchange(&call)).await {
            // One lost connection is not a lost server: the probe decides, and at once.
            Ok(answer) => answer.inspect_err(|_| self.doubt())?,
            Err(_) if limit < patience.first_byte => {
                return Err(UpstreamError::TotalTimeout { limit });
            }
            Err(_) => return Err(UpstreamError::FirstByteTimeout { limit }),
        };
        let (head, body) = answer.into_parts();
        let pulse = if is_event_stream(&head.headers) { Pulse::Line } else { Pulse::Byte };
        let body = Box::pin(Timed::new(body, pulse, patience, started));
        Ok(UpstreamReply { status: head.status, headers: head.headers, body })
    }
}

#[async_trait]
impl Upstream for Backend {
    async fn call(&self, request: UpstreamRequest) -> Result<UpstreamReply, UpstreamError> {
        if let BackendKey::Missing(why) = &self.spec.key {
            return Err(UpstreamError::Connect { detail: why.to_string() });
        }
        self.send(request).await
    }

    fn state(&self) -> BackendState {
        self.state.borrow().clone()
    }

    /// Written out so that it counts from the call and not from the first poll.
    fn changed<'this, 'wait>(&'this self) -> Pin<Box<dyn Future<Output = ()> + Send + 'wait>>
    where
        'this: 'wait,
        Self: 'wait,
    {
        let mut state = self.state.subscribe();
        Box::pin(async move {
            // Cannot fail: the sender lives in `self`.
            let _ = state.changed().await;
        })
    }

    fn glance(&self) -> Glance {
        Glance {
            standing: self.glance.standing(),
            waiting: self.glance.load.waiting(),
            lists: self.glance.lists(),
        }
    }

    fn load(&self) -> Option<Load> {
        self.glance.load.get()
    }

    fn served(&self) -> Arc<[ServedModel]> {
        self.listed()
    }

    fn api_kind(&self) -> ApiKind {
        self.spec.api_kind
    }

    fn offer(&self) -> Offer {
        self.offered()
    }

    fn observe(&self, outcome: Result<(), &UpstreamError>) {
        let broken = outcome.err().filter(|error| blames_server(error));
        if outcome.is_err() && broken.is_none() {
            return;
        }
        let broken = broken.map(|error| Arc::from(error.to_string()));
        if broken.is_some() {
            self.doubt();
        }
        self.told(|health, now| health.observed(broken.map_or(Ok(()), Err), now));
    }

    /// Where it is probed the next list is never far away.
    fn doubt_names(&self) {
        if self.spec.probe == ProbeStyle::Passive {
            self.doubt();
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = found.and_then(|found| found.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/event-stream")
}

/// Whether an error speaks against the server rather than against the request.
fn blames_server(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Connect { .. }
        | UpstreamError::ConnectTimeout { .. }
        | UpstreamError::Tls { .. }
        | UpstreamError::FirstByteTimeout { .. }
        | UpstreamError::Stalled { .. }
        | UpstreamError::Truncated { .. }
        | UpstreamError::Protocol { .. } => true,
        // vLLM repeats the status here: a request may be found wrong after its stream has begun.
        UpstreamError::Reported(report) => {
            !report.code.as_deref().is_some_and(|code| code.starts_with('4'))
        }
        UpstreamError::Status { status, .. } => {
            // 501: a request that it never serves says nothing about how it is.
            let broken = status.is_server_error() && *status != StatusCode::NOT_IMPLEMENTED;
            broken || matches!(status.as_u16(), 401 | 403)
        }
        UpstreamError::TotalTimeout { .. } | UpstreamError::TooLarge { .. } => false,
    }
}
