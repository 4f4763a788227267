//! The `transom` program.
//!
//! # Layout
//!
//! - `compose`: builds the object graph by hand; the only place that names adapters.
//! - `command/`: one subcommand, one file.
//! - `recipe`: what the configuration is made from; `control`: exchanges it while the program runs.
//! - `lifecycle`: signals and the order of shutting down.
//! - `supervise`: a vLLM of our own.
//! - `telemetry`: where log lines go; `console`: the two outputs of a running gateway.
//! - `output`: what is said before and without a running gateway.

use std::process::ExitCode;

use recipe::Recipe;
use transom_config::{Command, Rejection, load};

mod command;
mod compose;
mod console;
mod control;
mod lifecycle;
mod output;
mod recipe;
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
    let recipe = match Recipe::of_process() {
        Ok(recipe) => recipe,
        Err(error) => {
            output::problem(&format!("the working directory cannot be used: {error}"));
            return ExitCode::from(output::CONFIGURATION_ERROR);
        }
    };
    match load(&recipe.invocation(Vec::new())) {
        Ok(loaded) => {
            for notice in &loaded.notices {
                output::notice(notice);
            }
            match loaded.command {
                Command::Serve(config) => command::serve::run(&config, &recipe),
                Command::Check { report, format, online } => {
                    command::check::run(&report, format, online.as_deref(), &recipe)
                }
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
