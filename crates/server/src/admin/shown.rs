//! What operators see. Secrets are in none of it.
//!
//! # Layout
//!
//! - `backend`: a server and how it stands.
//! - `declared`: a model as it is written, in the words of `transom.yaml`.
//! - `model`: a model and how it stands.

use std::sync::Arc;

use transom_core::backend::{ApiKind, BackendKey, BackendState, ProbeStyle};
use transom_engine::readiness::DeploymentReadiness;

use crate::shape::{shape, words};

pub(crate) mod backend;
pub(crate) mod declared;
pub(crate) mod model;

words! {
    /// How a server or a deployment stands.
    StateWord of BackendState::WORDS
}

words! {
    /// Whether failures keep requests away.
    BreakerWord of ["closed", "open", "half_open"]
}

words! {
    /// How a server is watched.
    ProbeWord of ["active", "passive"]
}

words! {
    /// Where a server is asked for turns of the Responses API.
    ApiKindWord of ApiKind::ALL.map(ApiKind::word)
}

shape! {
    /// How a deployment stands.
    answer struct DeploymentStatus {
        /// The deployment.
        id: Arc<str>,
        /// The model it belongs to.
        model: Arc<str>,
        /// Its server.
        backend: Arc<str>,
        /// Its state: that of its server, and whether the server knows its name.
        state: StateWord,
        /// Why, and what to do about it.
        reason: Option<String>,
        /// Its breaker.
        breaker: BreakerWord,
        /// Whether it is out because it fails more than its neighbours.
        ejected: bool,
        /// Requests in flight there.
        in_flight: u32,
    }
}

fn deployment(model: &Arc<str>, seen: &DeploymentReadiness) -> DeploymentStatus {
    DeploymentStatus {
        id: seen.id.0.clone(),
        model: model.clone(),
        backend: seen.backend.0.clone(),
        state: StateWord(seen.state.word()),
        reason: seen.state.reason().map(str::to_owned),
        breaker: BreakerWord(seen.breaker),
        ejected: seen.ejected,
        in_flight: seen.in_flight,
    }
}

/// What may be said of a key.
fn key(key: &BackendKey) -> String {
    match key {
        BackendKey::None => "none".to_owned(),
        BackendKey::Key(_) => "configured".to_owned(),
        BackendKey::Missing(place) => format!("missing: {place}"),
    }
}

fn api_kind(kind: ApiKind) -> ApiKindWord {
    ApiKindWord(kind.word())
}

fn probe(style: ProbeStyle) -> ProbeWord {
    ProbeWord(match style {
        ProbeStyle::Active => "active",
        ProbeStyle::Passive => "passive",
    })
}

/// A base address without a user and password, should somebody have written one into it.
pub(crate) fn address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    format!("{scheme}://{host}{}", &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        for (url, shown) in [
            ("http://node-1:8000/v1", "http://node-1:8000/v1"),
            ("https://me:secret@node-1/v1", "https://node-1/v1"),
            ("https://me:p@ss@node-1/v1/@x", "https://node-1/v1/@x"),
        ] {
            assert_eq!(address(url), shown);
        }
    }
}
