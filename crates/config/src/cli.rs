//! The command line.

mod flags;

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

pub(crate) use self::flags::Flags;
use crate::{Origin, Problem, Rejection, report::ReportFormat};

/// A private, complete OpenAI-style platform in front of vLLM.
#[derive(Debug, Parser)]
#[command(name = "transom", version, after_help = EXAMPLE)]
struct CommandLine {
    #[command(subcommand)]
    command: Subcommands,
}

const EXAMPLE: &str = "Example:\n  transom serve --upstream http://127.0.0.1:8000";
const SERVE_EXAMPLE: &str = "Examples:
  transom serve --upstream http://127.0.0.1:8000
  transom serve --gateway-port 8080 -- Qwen/Qwen3-0.6B --max-model-len 4096";
const CHECK_EXAMPLE: &str = "Example:\n  transom check --config transom.yaml";
const SHOW_EXAMPLE: &str = "Example:\n  transom config show --config transom.yaml";
const MIGRATE_EXAMPLE: &str = "Example:\n  VR_DB_PATH=sqlite:////data/responses.db transom migrate";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Subcommands {
    /// Run the gateway in front of a running vLLM, or of one that it spawns.
    #[command(after_help = SERVE_EXAMPLE)]
    Serve(Settings),
    /// Report every problem of the configuration; exit 2 if there is one.
    #[command(after_help = CHECK_EXAMPLE)]
    Check {
        /// How to print the findings.
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        #[command(flatten)]
        settings: Settings,
    },
    /// Work with the configuration.
    #[command(subcommand, after_help = SHOW_EXAMPLE)]
    Config(ConfigCommands),
    /// Bring the database to this program's schema and exit.
    #[command(after_help = MIGRATE_EXAMPLE)]
    Migrate {
        /// Configuration file [default: transom.yaml if it exists].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommands {
    /// Print the configuration in effect as a file, with the origin of each value and no secrets.
    #[command(after_help = SHOW_EXAMPLE)]
    Show(Settings),
}

/// What configures the gateway on the command line.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Configuration file [default: transom.yaml if it exists].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub flags: Flags,
    /// Model and arguments for a vLLM child, after `--`.
    #[arg(last = true, value_names = ["MODEL", "VLLM ARGUMENTS"], num_args = 0..)]
    pub forwarded: Vec<String>,
}

/// Parses the command line; the first argument is the program's name, which does not matter.
pub(crate) fn parse(arguments: &[String]) -> Result<Subcommands, Rejection> {
    let parsed = CommandLine::try_parse_from(arguments).map_err(rejection)?;
    let separated = arguments.iter().any(|argument| argument == "--");
    let forwarded = match &parsed.command {
        Subcommands::Serve(settings)
        | Subcommands::Check { settings, .. }
        | Subcommands::Config(ConfigCommands::Show(settings)) => &settings.forwarded,
        Subcommands::Migrate { .. } => return Ok(parsed.command),
    };
    let problem = match forwarded.first() {
        None if separated => "nothing follows `--`".to_owned(),
        Some(first) if first.trim().is_empty() => "the model is blank".to_owned(),
        Some(first) if first.starts_with('-') => format!("`{first}` stands where the model should"),
        _ => return Ok(parsed.command),
    };
    let problem = Problem::new(Origin::Forwarded, problem)
        .hint("the model comes first: transom serve -- MODEL [vLLM arguments]");
    Err(Rejection::Problems(vec![problem]))
}

/// An argument without dashes is most likely a model whose `--` was forgotten.
fn rejection(error: clap::Error) -> Rejection {
    let stray = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(argument)))
            if !argument.starts_with('-') =>
        {
            argument.clone()
        }
        _ => return Rejection::Usage(Box::new(error)),
    };
    let message = format!("`{stray}` is not an argument of this command");
    let hint = format!("to spawn vLLM, write `--` before the model: transom serve -- {stray}");
    Rejection::Problems(vec![Problem::new(Origin::CommandLine, message).hint(hint)])
}
