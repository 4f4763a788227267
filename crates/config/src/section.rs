//! The sections of the configuration, one file each.
//!
//! A section file declares its settings with [`crate::setting::section!`], and, where settings
//! depend on each other, turns them into a type that cannot hold a contradiction. To add a section:
//! the file, a line in [`all`], and a field in [`crate::GatewayConfig`].

pub(crate) mod admin;
pub(crate) mod aliases;
pub(crate) mod auth;
pub(crate) mod backends;
pub(crate) mod cache;
pub(crate) mod code_interpreter;
pub(crate) mod deployments;
pub(crate) mod limits;
pub(crate) mod listen;
pub(crate) mod log;
pub(crate) mod mcp;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod responses;
pub(crate) mod routing;
pub(crate) mod sealing;
pub(crate) mod shield;
pub(crate) mod store;
pub(crate) mod tracing;
pub(crate) mod upstream;
pub(crate) mod vllm;
pub(crate) mod web_search;

use crate::setting::Declaration;

/// A section as the reference shows it.
#[derive(Debug)]
pub struct Section {
    /// Heading.
    pub title: &'static str,
    /// Its settings.
    pub declarations: Vec<Declaration>,
}

/// Every section, in the order of the reference and of `config show`.
pub fn all() -> Vec<Section> {
    let section = |title, declarations| Section { title, declarations };
    vec![
        section("Listening", listen::Listening::declarations()),
        section("TLS", listen::Certificate::declarations()),
        section("CORS", listen::Cors::declarations()),
        section("Authentication", auth::Settings::declarations()),
        section("Upstream", upstream::Settings::declarations()),
        section("Spawned vLLM", vllm::Settings::declarations()),
        section("Routing", routing::Settings::declarations()),
        section("Backends", backends::Settings::declarations()),
        section("Models", models::Settings::declarations()),
        section("Deployments", deployments::Settings::declarations()),
        section("Aliases", aliases::Settings::declarations()),
        section("Admin API", admin::Settings::declarations()),
        section("Store", store::Settings::declarations()),
        section("Sealing", sealing::Settings::declarations()),
        section("Limits", limits::Limits::declarations()),
        section("Shield", shield::Shield::declarations()),
        section("Shield caps", shield::Caps::declarations()),
        section("Responses", responses::Responses::declarations()),
        section("Log", log::Log::declarations()),
        section("Metrics", metrics::Settings::declarations()),
        section("Code interpreter", code_interpreter::Settings::declarations()),
        section("Response cache", cache::Settings::declarations()),
        section("MCP", mcp::Settings::declarations()),
        section("Web search", web_search::Settings::declarations()),
        section("Tracing", tracing::Settings::declarations()),
    ]
}
