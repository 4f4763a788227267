//! Which routes a server has, found out without asking a model for anything.
//!
//! vLLM, and whatever else is built with `FastAPI`, lists its routes at `/openapi.json`. Elsewhere a
//! `GET` of a route that takes only `POST` is answered 405 where there is one and 404 where there is
//! none. Servers that answer 404 to both have said nothing: not every one tells the methods of a route
//! apart.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;
use transom_core::backend::{Has, Offer};
use transom_core::port::upstream::Route;

use crate::backend::Backend;
use crate::base::Page;

/// Largest description of an API that is read, in bytes. vLLM's has 0.3 MB.
const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of the answer to a `GET` that is only asked for its status.
const REFUSAL_BYTES: usize = 64 * 1024;

/// Paths that show that a document describes an API of models, and not something in front of it.
const MODEL_PATHS: [&str; 4] =
    ["/v1/models", "/v1/completions", "/v1/embeddings", "/v1/chat/completions"];

/// The part of an `OpenAPI` document that matters
/// (<https://spec.openapis.org/oas/v3.1.0#openapi-object>).
#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, Methods>,
}

#[derive(Deserialize)]
struct Methods {
    post: Option<IgnoredAny>,
}

/// Asks a server which routes it has.
pub(crate) async fn ask(backend: &Backend) -> Offer {
    if let Ok((StatusCode::OK, body)) = backend.fetch(Page::OpenApi, DOCUMENT_BYTES).await
        && let Some(offer) = listed(&body)
    {
        return offer;
    }
    let chat_completions = refusal(backend, Route::ChatCompletions).await;
    told(chat_completions, refusal(backend, Route::Responses).await)
}

/// What a document lists; `None`: it describes something else.
fn listed(body: &[u8]) -> Option<Offer> {
    let document: Document = serde_json::from_slice(body).ok()?;
    let has = |route: &str| {
        let mut paths = document.paths.iter();
        paths.any(|(path, methods)| path.ends_with(route) && methods.post.is_some())
    };
    let of_models = |path: &String| MODEL_PATHS.iter().any(|known| path.ends_with(known));
    let responses = has(Route::Responses.path());
    if !responses && !document.paths.keys().any(of_models) {
        return None;
    }
    let word = |has: bool| if has { Has::Yes } else { Has::No };
    Some(Offer {
        chat_completions: word(has(Route::ChatCompletions.path())),
        responses: word(responses),
    })
}

/// The status with which a `GET` of a `POST` route is refused.
async fn refusal(backend: &Backend, route: Route) -> Option<StatusCode> {
    backend.fetch(Page::Route(route), REFUSAL_BYTES).await.ok().map(|(status, _)| status)
}

/// What two refusals tell. A 404 counts only of a server that has shown that it knows 405.
fn told(chat_completions: Option<StatusCode>, responses: Option<StatusCode>) -> Offer {
    let tells = [chat_completions, responses].contains(&Some(StatusCode::METHOD_NOT_ALLOWED));
    let has = |status| match status {
        Some(StatusCode::METHOD_NOT_ALLOWED) => Has::Yes,
        Some(StatusCode::NOT_FOUND) if tells => Has::No,
        _ => Has::Unknown,
    };
    Offer { chat_completions: has(chat_completions), responses: has(responses) }
}

#[cfg(test)]
mod tests;
