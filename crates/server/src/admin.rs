//! Every route for operators, for a listener of its own.
//!
//! # Layout
//!
//! - [`router`]: all of it behind its layers.
//! - `operation`: what there is to say of one route. The routes and their description are made of
//!   the same list, so that neither can have what the other lacks.
//! - `openapi`: the description; `document` is its JSON.
//! - `guard`: keeps web pages out; `operator`: lets in who holds the key; `body`: reads requests;
//!   `refusal`: what goes wrong.
//! - `revision`, `backends`, `mark`, `models`, `sealing`: one file per family of routes; `shown/`: what they
//!   show. `litellm`: routes in `LiteLLM`'s words, `litellm/health` among them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::api::{metrics, readyz};
use crate::app::App;
use crate::litellm::probes;
use crate::{error, layers};
use operation::{Door, Operation};

mod backends;
mod body;
mod document;
mod guard;
mod litellm;
mod mark;
mod models;
mod openapi;
mod operation;
mod operator;
pub(crate) mod refusal;
mod revision;
mod sealing;
pub(crate) mod shown;

/// All routes for operators behind all layers.
///
/// Where a master key is configured every route but the probes needs it. Where none is, requests
/// have to name the listener by a loopback name, which pages of other sites cannot make a browser
/// do. Requests that a page of another site sends are refused in either case.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for operation in operations() {
        let handler = match operation.door {
            Door::Open => operation.handler,
            Door::Key => {
                let key = from_fn_with_state(Arc::clone(&app), operator::admit);
                operation.handler.route_layer(key)
            }
        };
        router = router.route(operation.path, handler);
    }
    let router = router
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .layer(from_fn_with_state(Arc::clone(&app), guard::keep_pages_out))
        .with_state(Arc::clone(&app));
    // No page of another origin has any business here.
    layers::around(router, app, &[])
}

/// Every route.
fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    all.extend(revision::operations());
    all.extend(backends::operations());
    all.extend(mark::operations());
    all.extend(models::operations());
    all.extend(sealing::operations());
    all.extend(litellm::operations());
    all.extend(probes_and_pages());
    all
}

fn probes_and_pages() -> [Operation; 7] {
    [
        Operation::get("/admin/v1/openapi.json", "This description", openapi::show).object(),
        Operation::get("/metrics", "Metrics, in the OpenMetrics text format", metrics::page).text(),
        Operation::get("/readyz", "Whether requests can be served, and if not, why", readyz::show)
            .open()
            .query("model", "Only this model counts.")
            .object()
            .fails(&[404, 503]),
        Operation::get("/health/liveliness", "The program is alive", probes::alive).open().string(),
        Operation::get("/health/liveness", "The program is alive", probes::alive).open().string(),
        Operation::get("/health/readiness", "Whether requests can be served", probes::ready)
            .open()
            .answers::<probes::Readiness>(200)
            .or_answers(503),
        Operation::get("/health", "Every deployment by its last probe", litellm::health::show)
            .query("model", "Only this model.")
            .answers::<litellm::health::LiteLlmHealth>(200)
            .fails(&[503]),
    ]
}
