//! Every route.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::HeaderValue;
use prometheus_client::registry::Registry;
use transom_engine::control::Control;
use transom_engine::gateway::Gateway;

use crate::api::{
    conversation_items, conversations, generate, health, metrics, models, readyz, responses, socket,
};
use crate::edge::Edge;
use crate::listener::Shutdown;
use crate::litellm::{models as litellm_models, probes};
use crate::{error, layers};

/// What handlers need: those for clients and those for operators alike.
pub struct App {
    /// The engine.
    pub gateway: Arc<Gateway>,
    /// Sees and changes the configuration.
    pub control: Arc<dyn Control>,
    /// All metrics, for the metrics page.
    pub registry: Registry,
    /// Limits of the edge.
    pub edge: Arc<Edge>,
    /// Origins whose pages may call the routes for clients; empty means CORS is off.
    pub cors: Vec<HeaderValue>,
    /// Path of the metrics page; `None` serves none.
    pub metrics_path: Option<String>,
    /// How connections end, for those that have left HTTP behind.
    pub shutdown: Shutdown,
}

/// All routes for clients behind all layers.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/health", get(health::alive))
        .route("/readyz", get(readyz::show))
        .route("/health/liveliness", get(probes::alive))
        .route("/health/liveness", get(probes::alive))
        .route("/health/readiness", get(probes::ready))
        .route("/model/info", get(litellm_models::for_clients))
        .route("/v1/model/info", get(litellm_models::for_clients))
        .route("/v1/models", get(models::list))
        // Model names contain slashes.
        .route("/v1/models/{*model}", get(models::retrieve))
        .route("/v1/chat/completions", post(generate::chat_completions))
        .route("/v1/completions", post(generate::completions))
        .route("/v1/embeddings", post(generate::embeddings))
        .route("/v1/rerank", post(generate::rerank))
        .route("/rerank", post(generate::rerank))
        .route("/v2/rerank", post(generate::rerank))
        .route("/v1/score", post(generate::score))
        .route("/score", post(generate::score))
        .route("/v1/responses", post(generate::responses).get(socket::open))
        .route("/v1/responses/compact", post(generate::compact))
        .route("/v1/responses/input_tokens", post(generate::input_tokens))
        .route("/v1/responses/{id}", get(responses::retrieve).delete(responses::delete))
        .route("/v1/responses/{id}/cancel", post(responses::cancel))
        .route("/v1/responses/{id}/input_items", get(responses::input_items))
        .route("/v1/conversations", post(conversations::create))
        .route(
            "/v1/conversations/{id}",
            get(conversations::retrieve).post(conversations::update).delete(conversations::delete),
        )
        .route(
            "/v1/conversations/{id}/items",
            get(conversation_items::list).post(conversation_items::create),
        )
        .route(
            "/v1/conversations/{id}/items/{item_id}",
            get(conversation_items::retrieve).delete(conversation_items::delete),
        );
    if let Some(path) = &app.metrics_path {
        router = router.route(path, get(metrics::page));
    }
    let router = router
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        .with_state(Arc::clone(&app));
    let origins = app.cors.clone();
    layers::around(router, app, &origins)
}
