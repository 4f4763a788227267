//! What operators can count about models, deployments and their servers.
//!
//! Labels are names out of the configuration; what clients call a model is never one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use transom_core::upstream_error::Symptom;

const QUEUE_SECONDS: [f64; 11] = [0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0];

const QUEUE_POSITIONS: [f64; 9] = [0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// A call of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttemptLabel {
    /// The deployment's id.
    pub deployment: Arc<str>,
    /// `ok`, the class of its failure, or `cancelled` when its client did not wait for its end.
    pub outcome: &'static str,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeploymentLabel {
    /// Its id.
    pub deployment: Arc<str>,
}

/// A state of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// Its id.
    pub deployment: Arc<str>,
    /// `loading`, `ready`, `degraded`, `unreachable`, `draining` or `misconfigured`.
    pub state: &'static str,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ModelLabel {
    /// Its configured name, which may be a pattern.
    pub model: Arc<str>,
}

/// One model that stands in for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FallbackLabel {
    /// The model that was asked for.
    pub model: Arc<str>,
    /// The model that stood in.
    pub to: Arc<str>,
}

/// What ails a model server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SymptomLabel {
    /// The symptom's word.
    pub symptom: &'static str,
}

/// Metrics about models, deployments and their servers. Cloning shares them.
#[derive(Clone)]
pub struct Fleet {
    /// `transom_attempts_total`
    pub attempts: Family<AttemptLabel, Counter>,
    /// `transom_retries_total`
    pub retries: Counter<u64, AtomicU64>,
    /// `transom_fallbacks_total`
    pub fallbacks: Family<FallbackLabel, Counter>,
    /// `transom_upstream_symptoms_total`
    pub symptoms: Family<SymptomLabel, Counter>,
    /// `transom_queue_seconds`
    pub queue_seconds: Family<ModelLabel, Histogram>,
    /// `transom_queue_position`: how many were before a request when it began to wait.
    pub queue_position: Family<ModelLabel, Histogram>,
    /// `transom_queue_length`, set when the page is made.
    pub queue_length: Family<ModelLabel, Gauge<i64, AtomicI64>>,
    /// `transom_deployment_in_flight`, likewise.
    pub in_flight: Family<DeploymentLabel, Gauge<i64, AtomicI64>>,
    /// `transom_deployment_state`: 1 for the present state, 0 for the others; likewise.
    pub states: Family<StateLabel, Gauge<i64, AtomicI64>>,
    /// `transom_config_revision`
    pub revision: Gauge<i64, AtomicI64>,
    /// `transom_config_rejected`: 1 while the newest configuration is refused.
    pub rejected: Gauge<i64, AtomicI64>,
    /// `transom_config_reloads_total`
    pub reloads: Counter<u64, AtomicU64>,
}

/// Counts how calls of deployments end.
#[derive(Clone)]
pub(crate) struct Calls {
    attempts: Family<AttemptLabel, Counter>,
    symptoms: Family<SymptomLabel, Counter>,
}

impl Calls {
    /// A call of a deployment has ended.
    pub(crate) fn ended(&self, deployment: Arc<str>, outcome: &'static str) {
        self.attempts.get_or_create(&AttemptLabel { deployment, outcome }).inc();
    }

    /// A failure has told what ails its server.
    pub(crate) fn symptom(&self, symptom: Symptom) {
        self.symptoms.get_or_create(&SymptomLabel { symptom: symptom.word() }).inc();
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            retries: Counter::default(),
            fallbacks: Family::default(),
            symptoms: Family::default(),
            queue_seconds: Family::new_with_constructor(|| Histogram::new(QUEUE_SECONDS)),
            queue_position: Family::new_with_constructor(|| Histogram::new(QUEUE_POSITIONS)),
            queue_length: Family::default(),
            in_flight: Family::default(),
            states: Family::default(),
            revision: Gauge::default(),
            rejected: Gauge::default(),
            reloads: Counter::default(),
        }
    }
}

impl Fleet {
    /// What counts the ends of calls.
    pub(crate) fn calls(&self) -> Calls {
        Calls { attempts: self.attempts.clone(), symptoms: self.symptoms.clone() }
    }

    /// Forgets what is set when the page is made: a deployment that is gone has no state.
    pub(crate) fn clear_gauges(&self) {
        self.queue_length.clear();
        self.in_flight.clear();
        self.states.clear();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let attempts = "Calls of deployments by how they ended";
        registry.register("attempts", attempts, self.attempts.clone());
        registry.register("retries", "Calls that were made again elsewhere", self.retries.clone());
        let fallbacks = "Requests that another model stood in for";
        registry.register("fallbacks", fallbacks, self.fallbacks.clone());
        let symptoms = "Failures of model servers by what they said";
        registry.register("upstream_symptoms", symptoms, self.symptoms.clone());
        let waited = "Time that requests waited for a place at a deployment";
        registry.register("queue_seconds", waited, self.queue_seconds.clone());
        let before = "Requests that were before one when it began to wait";
        registry.register("queue_position", before, self.queue_position.clone());
        let waiting = "Requests that wait for a place at a deployment";
        registry.register("queue_length", waiting, self.queue_length.clone());
        let in_flight = "Requests in flight at a deployment";
        registry.register("deployment_in_flight", in_flight, self.in_flight.clone());
        let state = "1 for the state that a deployment is in";
        registry.register("deployment_state", state, self.states.clone());
        let revision = "The number of the configuration in effect";
        registry.register("config_revision", revision, self.revision.clone());
        let rejected = "1 while the newest configuration is refused";
        registry.register("config_rejected", rejected, self.rejected.clone());
        registry.register("config_reloads", "Configurations taken over", self.reloads.clone());
    }
}
