//! `transom check`: every finding about the configuration, at once.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_config::{GatewayConfig, Report, ReportFormat};
use transom_core::backend::unknown_name;
use transom_core::model::Deployment;
use transom_upstream::backend::Backend;
use transom_upstream::examine::{Examination, Step, examine};

use crate::compose::settings::upstream_settings;
use crate::output;
use crate::recipe::Recipe;

/// Prints the report, and with `--online` what every model server answers. Exits 2 when there is a
/// problem, and 1 when only a server is not as it should be.
pub(crate) fn run(
    report: &Report,
    format: ReportFormat,
    online: Option<&GatewayConfig>,
    recipe: &Recipe,
) -> ExitCode {
    match format {
        ReportFormat::Text => output::text(&report.text(output::colour())),
        ReportFormat::Json => match report.json() {
            Ok(json) => output::line(&json),
            Err(error) => {
                output::problem(&error.to_string());
                return ExitCode::FAILURE;
            }
        },
    }
    match online.map(|config| examine_all(config, recipe)) {
        Some(false) => ExitCode::FAILURE,
        Some(true) | None => ExitCode::from(report.exit_code()),
    }
}

/// Asks every server and says what it found; `true` when all is well.
fn examine_all(config: &GatewayConfig, recipe: &Recipe) -> bool {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("the runtime cannot start: {error}"));
            return false;
        }
    };
    let settings = upstream_settings(config, recipe, TaskTracker::new(), CancellationToken::new());
    let mut well = true;
    for spec in &config.fleet.backends {
        match Backend::new(spec, &settings, None) {
            Ok(backend) => {
                let found = runtime.block_on(examine(&backend));
                report_on(&found);
                well &= found.advice.is_none() && names_are_known(config, &found);
            }
            Err(error) => {
                output::problem(&format!("backend {}: {error}", spec.id));
                well = false;
            }
        }
    }
    well
}

fn report_on(found: &Examination) {
    output::line(&format!("backend {} ({})", found.backend, found.authority));
    for step in &found.steps {
        output::line(&match step {
            Step::Found(addresses) => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                format!("  name: {}", addresses.join(", "))
            }
            Step::Connected => "  connection: ok".to_owned(),
            Step::Encrypted => "  TLS: ok".to_owned(),
            Step::Answered { models: 1 } => "  answer: ready, 1 model".to_owned(),
            Step::Answered { models } => format!("  answer: ready, {models} models"),
            Step::Offers(offer) => format!(
                "  routes: /v1/chat/completions {}, /v1/responses {}",
                offer.chat_completions.word(),
                offer.responses.word()
            ),
            Step::Failed(stage) => format!("  {stage}: failed"),
        });
    }
    if let Some(advice) = &found.advice {
        output::line(&format!("  {advice}"));
    }
}

/// Whether the server lists the name of each of its deployments; says which it does not.
fn names_are_known(config: &GatewayConfig, found: &Examination) -> bool {
    let mut known = true;
    let deployments = config.fleet.models.iter().flat_map(|model| {
        let here = |deployment: &&Deployment| deployment.backend == found.backend;
        model.deployments.iter().filter(here).map(move |deployment| (model, deployment))
    });
    for (model, deployment) in deployments {
        let Some(name) = deployment.upstream.fixed().filter(|_| !deployment.trust_name) else {
            continue;
        };
        let listed = found.served.iter().any(|served| served.id == *name);
        if !found.served.is_empty() && !listed {
            let advice = unknown_name(name, &found.served);
            output::line(&format!("  model {}: {advice}", model.name));
            known = false;
        }
    }
    known
}
