//! `transom serve`: the gateway.

use std::process::ExitCode;

use transom_config::GatewayConfig;

use crate::console::Console;
use crate::recipe::Recipe;
use crate::{compose, lifecycle, output, telemetry};

/// Runs the gateway until it is told to stop.
pub(crate) fn run(config: &GatewayConfig, recipe: &Recipe) -> ExitCode {
    let (console, _flush) = Console::start();
    let _flush_log = match telemetry::start(&config.log, &console) {
        Ok(flush) => flush,
        Err(error) => {
            output::problem(&format!("VR_LOG_DIR: the log file cannot be written: {error}"));
            return ExitCode::from(output::CONFIGURATION_ERROR);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.listen.workers)
        .thread_name("transom")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("the runtime cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        match compose::build(config, recipe).await {
            Ok(program) => lifecycle::run(program, &console).await,
            Err(error) => {
                console.problem(&error.to_string());
                output::CONFIGURATION_ERROR
            }
        }
    });
    // Nothing that still blocks a thread (a name being looked up) may keep the program alive.
    runtime.shutdown_background();
    ExitCode::from(code)
}
