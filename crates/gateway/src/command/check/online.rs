//! What the model servers answer, each asked once.

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_config::GatewayConfig;
use transom_core::backend::unknown_name;
use transom_core::model::Deployment;
use transom_upstream::backend::Backend;
use transom_upstream::examine::{Examination, Step, examine};

use crate::compose::settings::upstream_settings;
use crate::recipe::Recipe;

/// What was seen of all servers.
pub(super) struct Survey {
    pub(super) servers: Vec<Seen>,
    /// What is wrong beside the servers.
    pub(super) remarks: Vec<String>,
}

/// What was seen of one.
#[derive(Serialize)]
pub(super) struct Seen {
    backend: String,
    /// Host and port.
    address: Option<String>,
    /// `step: what came of it`, in order; only the last one can have failed.
    steps: Vec<String>,
    /// What is wrong, and what to do; `null`: it is ready.
    advice: Option<String>,
    /// Deployments whose names it does not know.
    unknown_names: Vec<Unknown>,
}

/// A name that a server does not know.
#[derive(Serialize)]
struct Unknown {
    model: String,
    advice: String,
}

impl Survey {
    pub(super) fn is_well(&self) -> bool {
        self.remarks.is_empty() && self.servers.iter().all(Seen::is_well)
    }

    /// As people read it.
    pub(super) fn lines(&self) -> Vec<String> {
        self.servers.iter().flat_map(Seen::lines).chain(self.remarks.iter().cloned()).collect()
    }
}

impl Seen {
    fn is_well(&self) -> bool {
        self.advice.is_none() && self.unknown_names.is_empty()
    }

    fn lines(&self) -> Vec<String> {
        let address = self.address.as_ref().map(|address| format!(" ({address})"));
        let mut lines = vec![format!("backend {}{}", self.backend, address.unwrap_or_default())];
        lines.extend(self.steps.iter().map(|step| format!("  {step}")));
        lines.extend(self.advice.iter().map(|advice| format!("  {advice}")));
        let unknown = self.unknown_names.iter();
        lines.extend(unknown.map(|name| format!("  model {}: {}", name.model, name.advice)));
        lines
    }
}

/// Asks every server.
pub(super) async fn survey(config: &GatewayConfig, recipe: &Recipe) -> Survey {
    let settings = upstream_settings(config, recipe, TaskTracker::new(), CancellationToken::new());
    let mut servers = Vec::with_capacity(config.fleet.backends.len());
    for spec in &config.fleet.backends {
        servers.push(match Backend::new(spec, &settings, None) {
            Ok(backend) => seen(config, &examine(&backend).await),
            Err(error) => Seen {
                backend: spec.id.to_string(),
                address: None,
                steps: Vec::new(),
                advice: Some(error.to_string()),
                unknown_names: Vec::new(),
            },
        });
    }
    let left_out = config.models_left_out.iter().map(|model| format!("left out: {model}"));
    Survey { servers, remarks: left_out.collect() }
}

fn seen(config: &GatewayConfig, found: &Examination) -> Seen {
    Seen {
        backend: found.backend.to_string(),
        address: Some(found.authority.clone()),
        steps: found.steps.iter().map(told).collect(),
        advice: found.advice.clone(),
        unknown_names: unknown_names(config, found),
    }
}

fn told(step: &Step) -> String {
    match step {
        Step::Found(addresses) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!("name: {}", addresses.join(", "))
        }
        Step::Connected => "connection: ok".to_owned(),
        Step::Encrypted => "TLS: ok".to_owned(),
        Step::Answered { models: 1 } => "answer: ready, 1 model".to_owned(),
        Step::Answered { models } => format!("answer: ready, {models} models"),
        Step::Offers(offer) => format!(
            "routes: /v1/chat/completions {}, /v1/responses {}",
            offer.chat_completions.word(),
            offer.responses.word()
        ),
        Step::Failed(stage) => format!("{stage}: failed"),
    }
}

/// The names of its deployments that the server does not list.
fn unknown_names(config: &GatewayConfig, found: &Examination) -> Vec<Unknown> {
    let deployments = config.fleet.models.iter().flat_map(|model| {
        let here = |deployment: &&Deployment| deployment.backend == found.backend;
        model.deployments.iter().filter(here).map(move |deployment| (model, deployment))
    });
    let unknown = deployments.filter_map(|(model, deployment)| {
        let name = deployment.upstream.fixed().filter(|_| !deployment.trust_name)?;
        let listed = found.served.iter().any(|served| served.id == *name);
        (!found.served.is_empty() && !listed).then(|| Unknown {
            model: model.name.to_string(),
            advice: unknown_name(name, &found.served),
        })
    });
    unknown.collect()
}
