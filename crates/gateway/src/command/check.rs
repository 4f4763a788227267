//! `transom check`: every finding about the configuration, at once.
//!
//! # Layout
//!
//! - this file: what is printed, and the exit code.
//! - `online`: what the model servers answer.

use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};
use transom_config::{Command, GatewayConfig, Loaded, Online, Report, ReportFormat, load};

use crate::control::admin_models;
use crate::output;
use crate::recipe::Recipe;
use online::Survey;

mod online;

/// Prints the report, and with `--online` what every model server answers, those of models that
/// were added through the admin API included. Exits 2 when there is a problem, and 1 when only a
/// server is not as it should be.
pub(crate) fn run(
    report: &Report,
    format: ReportFormat,
    online: Option<&GatewayConfig>,
    recipe: &Recipe,
) -> ExitCode {
    let Some(config) = online else { return print(report, format, None) };
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => ask(&runtime, report, format, config, recipe),
        Err(error) => {
            output::problem(&format!("the runtime cannot start: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn ask(
    runtime: &Runtime,
    report: &Report,
    format: ReportFormat,
    config: &GatewayConfig,
    recipe: &Recipe,
) -> ExitCode {
    let survey = |config: &GatewayConfig| runtime.block_on(online::survey(config, recipe));
    let rows = match runtime.block_on(transom_store::sqlite::models_in(&config.store.path)) {
        Ok(rows) => rows,
        Err(error) => {
            let mut survey = survey(config);
            survey.remarks.push(format!("the models in the store cannot be read: {error}"));
            return print(report, format, Some(&survey));
        }
    };
    if rows.is_empty() {
        return print(report, format, Some(&survey(config)));
    }
    // The same again, with the models of the store.
    match load(&recipe.invocation(admin_models(&rows))) {
        Ok(Loaded { command: Command::Check { report, online, .. }, .. }) => {
            print(&report, format, online.map(|config| survey(&config)).as_ref())
        }
        _ => print(report, format, Some(&survey(config))),
    }
}

fn print(report: &Report, format: ReportFormat, survey: Option<&Survey>) -> ExitCode {
    let well = survey.is_none_or(Survey::is_well);
    match format {
        ReportFormat::Text => {
            output::text(&report.text(output::colour()));
            for line in survey.iter().flat_map(|survey| survey.lines()) {
                output::line(&line);
            }
        }
        ReportFormat::Json => {
            let seen = survey.map(|Survey { servers, remarks }| Online { well, servers, remarks });
            match report.json(seen) {
                Ok(json) => output::line(&json),
                Err(error) => {
                    output::problem(&error.to_string());
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    match (report.exit_code(), well) {
        (0, false) => ExitCode::FAILURE,
        (code, _) => ExitCode::from(code),
    }
}
