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

const EXAMPLE: &str = "Without a subcommand, flags are those of `serve`.

Examples:
  transom serve --upstream http://127.0.0.1:8000
  transom --config config.yaml --port 4000";
const SERVE_EXAMPLE: &str = "Examples:
  transom serve --upstream http://127.0.0.1:8000
  transom serve --config config.yaml
  transom serve --gateway-port 8080 -- Qwen/Qwen3-0.6B --max-model-len 4096";
const CHECK_EXAMPLE: &str = "Example:\n  transom check --config transom.yaml";
const CONFIG_EXAMPLE: &str = "Examples:
  transom config show --config transom.yaml
  transom config convert --config config.yaml > transom.yaml";
const GATEWAY_EXAMPLE: &str = "Example:
  transom gateway run --listen 127.0.0.1:41002 --policy-config policy-config.yaml";
const MIGRATE_EXAMPLE: &str = "Example:\n  VR_DB_PATH=sqlite:////data/responses.db transom migrate";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Subcommands {
    /// Run the gateway in front of model servers that run, or of a vLLM that it spawns.
    #[command(after_help = SERVE_EXAMPLE)]
    Serve(Settings),
    /// Report every problem of the configuration, and what becomes of each key of another program's
    /// file; exit 2 if there is a problem.
    #[command(after_help = CHECK_EXAMPLE)]
    Check {
        /// How to print the findings.
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        /// Also ask the model servers whether they are there and have the models.
        #[arg(long)]
        online: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Work with the configuration.
    #[command(subcommand, after_help = CONFIG_EXAMPLE)]
    Config(ConfigCommands),
    /// `gateway run` is another name of `serve`.
    #[command(subcommand, after_help = GATEWAY_EXAMPLE)]
    Gateway(GatewayCommands),
    /// Bring the database to this program's schema and exit.
    #[command(after_help = MIGRATE_EXAMPLE)]
    Migrate {
        /// Configuration file, in any dialect [default: transom.yaml if it exists].
        #[arg(long, alias = "policy-config", value_name = "FILE")]
        config: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommands {
    /// Print the configuration in effect as a file, with the origin of each value and no secrets.
    #[command(after_help = CONFIG_EXAMPLE)]
    Show(Settings),
    /// Print what the sources say as transom.yaml: only what is written there, and no secrets.
    #[command(after_help = CONFIG_EXAMPLE)]
    Convert(Settings),
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommands {
    /// Another name of `serve`.
    #[command(after_help = GATEWAY_EXAMPLE)]
    Run(Settings),
}

/// What configures the gateway on the command line.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Configuration file: transom.yaml, LiteLLM's config.yaml or Keeptrusts' policy-config.yaml.
    /// May be repeated, the first one wins [default: transom.yaml if it exists].
    #[arg(long, visible_alias = "policy-config", value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// Address and port to bind, in place of --gateway-host and --gateway-port.
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Refuse keys of another program's file that are not honoured exactly.
    #[arg(long)]
    pub strict: bool,
    /// Load a file whose policies cannot be applied without them.
    #[arg(long)]
    pub without_policies: bool,
    #[command(flatten)]
    pub flags: Flags,
    /// Model and arguments for a vLLM child, after `--`.
    #[arg(last = true, value_names = ["MODEL", "VLLM ARGUMENTS"], num_args = 0..)]
    pub forwarded: Vec<String>,
}

/// Parses the command line; the first argument is the program's name, which does not matter.
pub(crate) fn parse(arguments: &[String]) -> Result<Subcommands, Rejection> {
    let arguments = with_subcommand(arguments);
    let parsed = CommandLine::try_parse_from(&arguments).map_err(rejection)?;
    let separated = arguments.iter().any(|argument| argument == "--");
    let forwarded = match &parsed.command {
        Subcommands::Serve(settings)
        | Subcommands::Check { settings, .. }
        | Subcommands::Config(ConfigCommands::Show(settings) | ConfigCommands::Convert(settings))
        | Subcommands::Gateway(GatewayCommands::Run(settings)) => &settings.forwarded,
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

/// Flags without a subcommand are those of `serve`, as `litellm --config FILE` has it.
fn with_subcommand(arguments: &[String]) -> Vec<String> {
    const OWN: [&str; 4] = ["-h", "--help", "-V", "--version"];
    let mut arguments = arguments.to_vec();
    let first = arguments.get(1);
    if first.is_some_and(|first| first.starts_with('-') && !OWN.contains(&first.as_str())) {
        arguments.insert(1, "serve".to_owned());
    }
    arguments
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
