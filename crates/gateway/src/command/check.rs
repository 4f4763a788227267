//! `transom check`: every finding about the configuration, at once.

use std::process::ExitCode;

use transom_config::{Report, ReportFormat};

use crate::output;

/// Prints the report. Exits 2 when there is a problem.
pub(crate) fn run(report: &Report, format: ReportFormat) -> ExitCode {
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
    ExitCode::from(report.exit_code())
}
