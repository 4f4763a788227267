//! The `transom` program.
//!
//! # Layout
//!
//! - `compose`: builds the object graph by hand; the only place that names adapters.
//! - `command/`: one subcommand, one file.
//! - `lifecycle`: signals and the order of shutting down.
//! - `supervise`: a vLLM of our own.
//! - `telemetry`: where log lines go; `console`: the two outputs of a running gateway.
//! - `output`: what is said before and without a running gateway.

use std::process::ExitCode;

use transom_config::{Command, Disk, Invocation, Rejection, load, process_environment};

mod command;
mod compose;
mod console;
mod lifecycle;
mod output;
mod source;
mod supervise;
mod telemetry;

fn main() -> ExitCode {
    // The keeper of a child process is this program in another mode. It must not have threads, so
    // it comes before everything else.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == transom_process::keeper::MODE) {
        return transom_process::keeper::run(arguments);
    }
    let cwd = match std::env::current_dir() {
        Ok(cwd) => cwd,
        Err(error) => {
            output::problem(&format!("the working directory cannot be used: {error}"));
            return ExitCode::from(output::CONFIGURATION_ERROR);
        }
    };
    let invocation = Invocation {
        arguments: std::env::args_os().map(|text| text.to_string_lossy().into_owned()).collect(),
        environment: process_environment(),
        cwd,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        files: &Disk,
    };
    match load(&invocation) {
        Ok(loaded) => {
            for notice in &loaded.notices {
                output::notice(notice);
            }
            match loaded.command {
                Command::Serve(config) => command::serve::run(&config),
                Command::Check(report, format) => command::check::run(&report, format),
                Command::Show(yaml) => command::show::run(&yaml),
                Command::Migrate(store) => command::migrate::run(&store),
            }
        }
        Err(Rejection::Usage(error)) => output::usage(&error),
        Err(Rejection::Problems(problems)) => {
            for problem in &problems {
                output::problem(&problem.to_string());
            }
            ExitCode::from(output::CONFIGURATION_ERROR)
        }
    }
}
