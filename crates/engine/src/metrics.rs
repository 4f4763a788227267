//! What operators can count.
//!
//! Names that begin with `vllm_responses_` are those of the reference, so that its dashboards work;
//! ours begin with `transom_`. Labels come from closed sets, never from what a client sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub mod fleet;

use fleet::Fleet;

const REQUEST_SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];

const STREAM_SECONDS: [f64; 22] = [
    0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0,
    180.0, 240.0, 300.0, 420.0, 600.0,
];

/// A finished HTTP exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Exchange {
    /// The method.
    pub method: &'static str,
    /// The route's template, never the path itself.
    pub route: Arc<str>,
    /// The status.
    pub status: u16,
}

/// A route and its method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabel {
    /// The method.
    pub method: &'static str,
    /// The route's template.
    pub route: Arc<str>,
}

/// A route of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StreamLabel {
    /// The route's template.
    pub route: &'static str,
}

/// The kind of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ToolLabel {
    /// `function`, …
    pub tool_type: &'static str,
}

/// How a turn or stream ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// The route's template.
    pub route: &'static str,
    /// `completed`, `incomplete`, `failed`, `cancelled` or `handed_over`.
    pub outcome: &'static str,
}

/// The direction of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TokenLabel {
    /// `input`, `cached`, `output` or `reasoning`.
    pub kind: &'static str,
}

/// What became of a response in the background that was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AdoptedLabel {
    /// `run_again`, `interrupted` or `cancelled`.
    pub outcome: &'static str,
}

/// All metrics of the program. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    /// `vllm_responses_http_requests_total`
    pub requests: Family<Exchange, Counter>,
    /// `vllm_responses_http_request_duration_seconds`: until the head of the answer.
    pub request_seconds: Family<RouteLabel, Histogram>,
    /// `vllm_responses_http_in_flight_requests`: open streams not counted.
    pub in_flight: Gauge<i64, AtomicI64>,
    /// `vllm_responses_sse_connections_in_flight`
    pub streams: Gauge<i64, AtomicI64>,
    /// `vllm_responses_sse_stream_duration_seconds`
    pub stream_seconds: Family<StreamLabel, Histogram>,
    /// `vllm_responses_tool_calls_requested_total`
    pub tool_calls: Family<ToolLabel, Counter>,
    /// `transom_websockets_open`
    pub sockets: Gauge<i64, AtomicI64>,
    /// `transom_background_responses`: those that run here, waiting ones included.
    pub background: Gauge<i64, AtomicI64>,
    /// `transom_background_taken_over_total`
    pub adopted: Family<AdoptedLabel, Counter>,
    /// `transom_turns_total`
    pub outcomes: Family<OutcomeLabel, Counter>,
    /// `transom_tokens_total`
    pub tokens: Family<TokenLabel, Counter>,
    /// `transom_first_token_seconds`: from the call of the model server to its first event.
    pub first_token: Histogram,
    /// `transom_store_commit_seconds`
    pub commit: Histogram,
    /// `transom_usage_missing_total`: answers whose model server told no usage.
    pub usage_missing: Counter<u64, AtomicU64>,
    /// About models, deployments and their servers.
    pub fleet: Fleet,
}

impl Metrics {
    /// Makes the metrics and enters them into `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            in_flight: Gauge::default(),
            streams: Gauge::default(),
            stream_seconds: Family::new_with_constructor(|| Histogram::new(STREAM_SECONDS)),
            tool_calls: Family::default(),
            sockets: Gauge::default(),
            background: Gauge::default(),
            adopted: Family::default(),
            outcomes: Family::default(),
            tokens: Family::default(),
            first_token: Histogram::new(REQUEST_SECONDS),
            commit: Histogram::new(REQUEST_SECONDS),
            usage_missing: Counter::default(),
            fleet: Fleet::default(),
        };
        metrics.register_reference(registry.sub_registry_with_prefix("vllm_responses"));
        metrics.register_own(registry.sub_registry_with_prefix("transom"));
        metrics
    }

    fn register_reference(&self, registry: &mut Registry) {
        registry.register("http_requests", "HTTP requests", self.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time until the head of the answer",
            self.request_seconds.clone(),
        );
        registry.register(
            "http_in_flight_requests",
            "Requests whose answer has not begun",
            self.in_flight.clone(),
        );
        registry.register("sse_connections_in_flight", "Open streams", self.streams.clone());
        registry.register(
            "sse_stream_duration_seconds",
            "How long streams lasted",
            self.stream_seconds.clone(),
        );
        registry.register(
            "tool_calls_requested",
            "Tool calls that models asked for",
            self.tool_calls.clone(),
        );
    }

    fn register_own(&self, registry: &mut Registry) {
        registry.register("websockets_open", "Open WebSockets", self.sockets.clone());
        registry.register(
            "background_responses",
            "Responses in the background that have not ended",
            self.background.clone(),
        );
        registry.register(
            "background_taken_over",
            "Responses in the background whose gateway died",
            self.adopted.clone(),
        );
        registry.register("turns", "Generations by how they ended", self.outcomes.clone());
        registry.register("tokens", "Tokens as model servers counted them", self.tokens.clone());
        registry.register(
            "first_token_seconds",
            "From the call of the model server to its first event",
            self.first_token.clone(),
        );
        registry.register(
            "store_commit_seconds",
            "Time to make a response durable",
            self.commit.clone(),
        );
        registry.register(
            "usage_missing",
            "Answers whose model server told no usage",
            self.usage_missing.clone(),
        );
        self.fleet.register(registry);
    }
}
