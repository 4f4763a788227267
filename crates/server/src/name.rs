//! The names in a path: an id, a model's name, or an id within an id.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use transom_core::failure::{Failure, Missing};

use crate::error::Rejection;

/// What the path names. A name that is not UTF-8 is nobody's.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(Failure::NotFound(Missing::Route).into()),
        }
    }
}

/// Two names in a path.
pub(crate) struct Names(pub(crate) String, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((outer, inner))) => Ok(Self(outer, inner)),
            Err(_) => Err(Failure::NotFound(Missing::Route).into()),
        }
    }
}
