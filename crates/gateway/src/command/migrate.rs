//! `transom migrate`: brings the database to this version's schema. `serve` does so too; the command
//! is for those who want to do it before.

use std::process::ExitCode;

use transom_config::Store;
use transom_store::sqlite;

use crate::output;

/// Migrates and says from where to where.
pub(crate) fn run(store: &Store) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("the runtime cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(sqlite::migrate(&store.path)) {
        Ok(report) if report.from == report.to => {
            output::line(&format!("{}: schema {} is current", store.path.display(), report.to));
            ExitCode::SUCCESS
        }
        Ok(report) => {
            let (path, from, to) = (store.path.display(), report.from, report.to);
            output::line(&format!("{path}: migrated from schema {from} to {to}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::problem(&format!("{error} ({})", error.hint()));
            ExitCode::from(output::CONFIGURATION_ERROR)
        }
    }
}
