//! Who asks, as an argument that a handler cannot do without.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::secret::Secret;
use transom_engine::gateway::Gateway;
use transom_engine::settings::Access;

use crate::app::App;
use crate::error::Rejection;

/// The header that names a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An authenticated caller.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Rejection> {
        let credentials = bearer(&parts.headers)?;
        Ok(Self(app.gateway.authenticate(credentials.as_ref())?))
    }
}

/// The bearer token, if one came. Two of them are one too many: nobody could tell which counts.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, Failure> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Failure::Unauthenticated);
    }
    let token = first.and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim().to_owned()))
    });
    Ok(token)
}

/// Whether an operator asks: the holder of the master key; without one, whoever is on the machine
/// when nobody else can ask. For answers that show operators more than others.
pub(crate) fn is_operator(gateway: &Gateway, headers: &HeaderMap) -> bool {
    match gateway.snapshot().settings.access {
        Access::Local => true,
        Access::Open => false,
        Access::Key(_) => bearer(headers)
            .and_then(|credentials| gateway.authenticate(credentials.as_ref()))
            .is_ok_and(|caller| caller.is_operator()),
    }
}
