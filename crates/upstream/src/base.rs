//! Where a model server is.

use http::Uri;
use http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use transom_core::port::upstream::Route;

/// The API base of a model server, such as `http://127.0.0.1:8457/v1`, split once so that a
/// request only joins parts.
#[derive(Clone, Debug)]
pub struct Base {
    scheme: Scheme,
    authority: Authority,
    chat_completions: PathAndQuery,
    completions: PathAndQuery,
    embeddings: PathAndQuery,
    models: PathAndQuery,
}

/// A base that is not an absolute `http` or `https` URL.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Not a URL.
    #[error(transparent)]
    Invalid(#[from] InvalidUri),
    /// A relative URL, or one of another scheme.
    #[error("not an absolute http or https URL")]
    NotAbsolute,
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
        let prefix = uri.path().trim_end_matches('/');
        let path = |route: &str| format!("{prefix}/{route}").parse::<PathAndQuery>();
        Ok(Self {
            scheme: scheme.clone(),
            authority: authority.clone(),
            chat_completions: path("chat/completions")?,
            completions: path("completions")?,
            embeddings: path("embeddings")?,
            models: path("models")?,
        })
    }

    /// The URL of a route.
    pub fn uri(&self, route: Route) -> Uri {
        let path = match route {
            Route::ChatCompletions => &self.chat_completions,
            Route::Completions => &self.completions,
            Route::Embeddings => &self.embeddings,
            Route::Models => &self.models,
        };
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_joined_to_any_prefix() {
        for (base, uri) in [
            ("http://h:1/v1", "http://h:1/v1/models"),
            ("https://h/team/v1/", "https://h/team/v1/models"),
        ] {
            assert_eq!(Base::parse(base).unwrap().uri(Route::Models).to_string(), uri);
        }
        assert!(matches!(Base::parse("/v1"), Err(BaseError::NotAbsolute)));
        assert!(matches!(Base::parse("ftp://h/v1"), Err(BaseError::NotAbsolute)));
    }
}
