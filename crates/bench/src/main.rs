//! Measures the release program on loopback, beside its own mock of a model server.
//!
//! # Layout
//!
//! - `options`: the command line.
//! - `pin`: which core runs what.
//! - `mock`: the model server; `slot`: what it notes about each exchange.
//! - `client`: one keep-alive connection; `load`: many of them, for a slice of time.
//! - `target`: the programs under test; `process`: what the kernel says about them.
//! - `workload`: what is sent; `chain`: stored history; `suite`: the paired runs.
//! - `fleet`: configuration files; `reload`: what changing one under load costs.
//! - `background`: responses that nobody waits for. `long`: what a long history costs.
//! - `metrics`: what the program says about itself.
//! - `stats`, `report`, `limit`: from samples to tables.
//!
//! The way of measuring is told in this crate's `README.md`.

mod background;
mod chain;
mod client;
mod fleet;
mod limit;
mod load;
mod long;
mod metrics;
mod mock;
mod options;
mod pin;
mod process;
mod reload;
mod report;
mod slot;
mod stats;
mod suite;
mod target;
mod workload;

use std::io::Write as _;
use std::process::ExitCode;

use options::{Options, Output};

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::read(std::env::args().skip(1))?;
    pin::keep_to_first_core(&options)?;
    let mocks = [mock::start()?, mock::start()?];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(suite::run(&options, mocks))?;
    let text = match options.output {
        Output::Table => report.to_string(),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&report)?),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line about what is being done, for those who wait.
fn progress(text: &str) {
    let _closed_output = writeln!(std::io::stderr().lock(), "{text}");
}
