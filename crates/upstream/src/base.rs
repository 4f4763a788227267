//! Where a model server is.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use transom_core::port::upstream::Route;

/// The API base of a model server, such as `http://127.0.0.1:8457/v1`, split once so that a
/// request only joins parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    scheme: Scheme,
    authority: Authority,
    chat_completions: PathAndQuery,
    responses: PathAndQuery,
    completions: PathAndQuery,
    embeddings: PathAndQuery,
    rerank: PathAndQuery,
    score: PathAndQuery,
    models: PathAndQuery,
    tokenize: PathAndQuery,
    apply_template: PathAndQuery,
    health: PathAndQuery,
    metrics: PathAndQuery,
    openapi: PathAndQuery,
}

/// The pages that only probes read. They lie beside the API, not under `/v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// `GET /v1/models`
    Models,
    /// `GET /health`
    Health,
    /// `GET /metrics`
    Metrics,
    /// `GET /openapi.json`
    OpenApi,
    /// `GET` of a route that takes only `POST`: 405 where there is one.
    Route(Route),
}

/// A base that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Not a URL.
    #[error(transparent)]
    Invalid(#[from] InvalidUri),
    /// A relative URL, or one of another scheme.
    #[error("not an absolute http or https URL")]
    NotAbsolute,
    /// `user:password@` before the host: it would be shown wherever the host is.
    #[error("a URL must not carry credentials: give the key apart")]
    Credentials,
}

impl Base {
    /// Reads a base. A trailing `/` is dropped; nothing is appended: whether `/v1` belongs there is
    /// the configuration's business.
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        let uri: Uri = text.parse()?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(BaseError::NotAbsolute);
        };
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err(BaseError::NotAbsolute);
        }
        if authority.as_str().contains('@') {
            return Err(BaseError::Credentials);
        }
        let prefix = uri.path().trim_end_matches('/');
        let root = prefix.strip_suffix("/v1").unwrap_or(prefix);
        let path = |prefix: &str, rest: &str| format!("{prefix}/{rest}").parse::<PathAndQuery>();
        Ok(Self {
            scheme: scheme.clone(),
            authority: authority.clone(),
            chat_completions: path(prefix, "chat/completions")?,
            responses: path(prefix, "responses")?,
            completions: path(prefix, "completions")?,
            embeddings: path(prefix, "embeddings")?,
            rerank: path(prefix, "rerank")?,
            score: path(prefix, "score")?,
            models: path(prefix, "models")?,
            tokenize: path(root, "tokenize")?,
            apply_template: path(root, "apply-template")?,
            health: path(root, "health")?,
            metrics: path(root, "metrics")?,
            openapi: path(root, "openapi.json")?,
        })
    }

    /// The URL of a route.
    pub fn uri(&self, route: Route) -> Uri {
        self.join(self.path(route))
    }

    fn path(&self, route: Route) -> &PathAndQuery {
        match route {
            Route::ChatCompletions => &self.chat_completions,
            Route::Responses => &self.responses,
            Route::Completions => &self.completions,
            Route::Embeddings => &self.embeddings,
            Route::Rerank => &self.rerank,
            Route::Score => &self.score,
            Route::Models => &self.models,
            Route::Tokenize => &self.tokenize,
            Route::ApplyTemplate => &self.apply_template,
        }
    }

    /// The URL of a probe's page.
    pub(crate) fn page(&self, page: Page) -> Uri {
        self.join(match page {
            Page::Models => &self.models,
            Page::Health => &self.health,
            Page::Metrics => &self.metrics,
            Page::OpenApi => &self.openapi,
            Page::Route(route) => self.path(route),
        })
    }

    fn join(&self, path: &PathAndQuery) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.clone());
        // Cannot fail: all three parts of an absolute URL are there.
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Host and port, as logs show the server.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.authority.host().trim_matches(['[', ']'])
    }

    /// The port, the scheme's own one where none is written.
    pub fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether this is the machine, or the container, that the gateway itself runs in.
    pub fn is_loopback(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address.is_unspecified(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

#[cfg(test)]
mod tests;
