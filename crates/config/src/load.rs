//! From an invocation of the program to what it should do.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    Draft, Environment, Files, GatewayConfig, Notice, Origin, Problem, Report, Store,
    cli::{self, ConfigCommands, Settings, Subcommands},
    config, dialect, env,
    problem::Findings,
    report::ReportFormat,
    resolve::{Resolver, Surroundings},
    show,
    value::Raw,
    variables::Variables,
};

/// The file read when `--config` is absent and it exists in the working directory.
const USUAL_FILE: &str = "transom.yaml";

/// Everything the configuration depends on. Nothing else is looked at.
#[derive(Clone)]
pub struct Invocation<'a> {
    /// The command line, the program's name first.
    pub arguments: Vec<String>,
    /// See [`crate::process_environment`].
    pub environment: Environment,
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// Number of cores.
    pub cores: usize,
    /// See [`crate::Disk`].
    pub files: &'a dyn Files,
}

/// What to do, and what to tell first.
#[derive(Debug)]
pub struct Loaded {
    /// The command with what it needs.
    pub command: Command,
    /// To print before anything else, one line each.
    pub notices: Vec<Notice>,
}

/// A subcommand with what it needs.
#[derive(Debug)]
pub enum Command {
    /// Run the gateway.
    Serve(Box<GatewayConfig>),
    /// Print the report; exit with its code.
    Check(Report, ReportFormat),
    /// Print this YAML.
    Show(String),
    /// Bring the database to the current schema.
    Migrate(Store),
}

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Rejection {
    /// A command line that cannot be read, or a request for help or the version: print it with
    /// [`clap::Error::print`] and exit with [`clap::Error::exit_code`] (2 or 0).
    Usage(Box<clap::Error>),
    /// Every problem of the configuration: exit 2.
    Problems(Vec<Problem>),
}

/// Reads flags, environment, `.env` and the configuration file, merges and checks them.
pub fn load(invocation: &Invocation<'_>) -> Result<Loaded, Rejection> {
    match cli::parse(&invocation.arguments)? {
        Subcommands::Serve(settings) => {
            let checked = check(invocation, settings);
            let (config, _) = checked.result.map_err(Rejection::Problems)?;
            Ok(Loaded { command: Command::Serve(Box::new(config)), notices: checked.notices })
        }
        Subcommands::Check { format, settings } => {
            let checked = check(invocation, settings);
            let problems = checked.result.err().unwrap_or_default();
            let report = Report { problems, notices: checked.notices };
            Ok(Loaded { command: Command::Check(report, format), notices: Vec::new() })
        }
        Subcommands::Config(ConfigCommands::Show(settings)) => {
            let checked = check(invocation, settings);
            let (_, yaml) = checked.result.map_err(Rejection::Problems)?;
            Ok(Loaded { command: Command::Show(yaml), notices: checked.notices })
        }
        Subcommands::Migrate { config } => migrate(invocation, config.as_deref()),
    }
}

struct Checked {
    result: Result<(GatewayConfig, String), Vec<Problem>>,
    notices: Vec<Notice>,
}

fn check(invocation: &Invocation<'_>, settings: Settings) -> Checked {
    let mut findings = Findings::default();
    let mut draft = settings.flags.lower();
    draft.merge(forwarded(settings.forwarded));
    let variables = variables(invocation, &mut findings);
    gather(invocation, &variables, settings.config.as_deref(), &mut draft, &mut findings);
    let around = surroundings(invocation, &variables);
    let mut resolver = Resolver { draft, findings, effective: Vec::new(), around };
    let config = config::resolve(&mut resolver);
    let Findings { problems, notices } = resolver.findings;
    let result = match config {
        Some(config) if problems.is_empty() => Ok((config, show::yaml(&resolver.effective))),
        _ => Err(problems),
    };
    Checked { result, notices }
}

/// Only the store matters to `migrate`: it also runs where no upstream is configured.
fn migrate(invocation: &Invocation<'_>, file: Option<&Path>) -> Result<Loaded, Rejection> {
    let mut findings = Findings::default();
    let mut draft = Draft::default();
    let variables = variables(invocation, &mut findings);
    gather(invocation, &variables, file, &mut draft, &mut findings);
    let around = surroundings(invocation, &variables);
    let mut resolver = Resolver { draft, findings, effective: Vec::new(), around };
    let store = Store::resolve(&mut resolver);
    let Findings { problems, notices } = resolver.findings;
    if problems.is_empty() {
        return Ok(Loaded { command: Command::Migrate(store), notices });
    }
    Err(Rejection::Problems(problems))
}

fn surroundings<'a>(invocation: &'a Invocation<'_>, variables: &'a Variables) -> Surroundings<'a> {
    let Invocation { files, cwd, cores, .. } = invocation;
    Surroundings { files: *files, variables, cwd, cores: *cores }
}

fn variables(invocation: &Invocation<'_>, findings: &mut Findings) -> Variables {
    let dotenv = read(invocation, Path::new(".env"), findings);
    Variables::new(&invocation.environment, dotenv.as_deref(), findings)
}

/// Puts environment and file under the flags.
fn gather(
    invocation: &Invocation<'_>,
    variables: &Variables,
    file: Option<&Path>,
    draft: &mut Draft,
    findings: &mut Findings,
) {
    draft.merge(env::lower(variables, findings));
    let name = file.unwrap_or(Path::new(USUAL_FILE)).to_string_lossy().into_owned();
    match read(invocation, Path::new(&name), findings) {
        Some(text) => draft.merge(dialect::lower(&name, &text, findings)),
        None if file.is_some() && findings.problems.is_empty() => {
            findings
                .problem(Problem::new(Origin::Flag("config"), format!("{name} does not exist")));
        }
        None => {}
    }
}

/// What stands after `--`: the model, then vLLM's own arguments, which replace those of a file.
fn forwarded(arguments: Vec<String>) -> Draft {
    let mut draft = Draft::default();
    let mut arguments = arguments.into_iter();
    if let Some(model) = arguments.next() {
        draft.put("vllm.model", Raw::Scalar(model), Origin::Forwarded);
        draft.put("vllm.arguments", Raw::List(arguments.collect()), Origin::Forwarded);
    }
    draft
}

/// A file of the working directory; absence is not a problem here, anything else is.
fn read(invocation: &Invocation<'_>, file: &Path, findings: &mut Findings) -> Option<String> {
    match invocation.files.read(&invocation.cwd.join(file)) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let name = file.to_string_lossy();
            let at = Origin::File { file: name.as_ref().into(), line: 0, key: String::new() };
            findings.problem(Problem::new(at, format!("cannot be read: {error}")));
            None
        }
    }
}

#[cfg(test)]
mod tests;
