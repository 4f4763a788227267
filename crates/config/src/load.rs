//! From an invocation of the program to what it should do.

mod gather;

pub(crate) use self::gather::variables;

use std::path::PathBuf;

use crate::{
    AdminModel, Draft, Environment, Files, GatewayConfig, Notice, Problem, Recorder, Report, Store,
    cli::{self, ConfigCommands, GatewayCommands, Settings, Subcommands},
    config::{self, Resolved},
    dialect::Policies,
    fleet::LeftOut,
    problem::{Finding, Findings, Treatment},
    report::ReportFormat,
    resolve::{Resolver, Shown, Surroundings},
    show,
    variables::Variables,
};

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
    /// The models of the admin API, in the order they were added.
    pub models: Vec<AdminModel>,
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
    Check {
        /// Every finding.
        report: Report,
        /// How to print it.
        format: ReportFormat,
        /// What to examine on the network as well: `--online`, and no problem was found.
        online: Option<Box<GatewayConfig>>,
    },
    /// Print this YAML: `config show` and `config convert`.
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

/// Reads flags, environment, `.env` and the configuration files, merges and checks them. It can be
/// called again at any time: what changed in the files is in the new result.
pub fn load(invocation: &Invocation<'_>) -> Result<Loaded, Rejection> {
    match cli::parse(&invocation.arguments)? {
        Subcommands::Serve(settings) | Subcommands::Gateway(GatewayCommands::Run(settings)) => {
            let checked = check(invocation, settings);
            let notices = checked.notices();
            let resolved = checked.result.map_err(Rejection::Problems)?;
            Ok(Loaded { command: Command::Serve(Box::new(resolved.config)), notices })
        }
        Subcommands::Check { format, online, settings } => {
            let Checked { result, findings, .. } = check(invocation, settings);
            let (config, problems) = match result {
                Ok(resolved) => (Some(Box::new(resolved.config)), Vec::new()),
                Err(problems) => (None, problems),
            };
            let Findings { notices, findings, .. } = findings;
            let report = Report { problems, findings, notices };
            let online = config.filter(|_| online);
            Ok(Loaded { command: Command::Check { report, format, online }, notices: Vec::new() })
        }
        Subcommands::Config(command) => {
            let (settings, write): (_, fn(&Shown, &Resolved) -> String) = match command {
                ConfigCommands::Show(settings) => {
                    (settings, |shown, resolved| show::effective(shown, &resolved.origins))
                }
                ConfigCommands::Convert(settings) => (settings, |shown, _| show::converted(shown)),
            };
            let checked = check(invocation, settings);
            let notices = checked.notices();
            let resolved = checked.result.map_err(Rejection::Problems)?;
            Ok(Loaded { command: Command::Show(write(&checked.shown, &resolved)), notices })
        }
        Subcommands::Migrate { config } => migrate(invocation, &config),
    }
}

/// What became of the sources.
struct Checked {
    result: Result<Resolved, Vec<Problem>>,
    /// Without the problems.
    findings: Findings,
    shown: Shown,
}

impl Checked {
    /// What to tell before a command that does not print the findings.
    fn notices(&self) -> Vec<Notice> {
        let mut notices = self.findings.notices.clone();
        let minor = |treatment| matches!(treatment, Treatment::Approximated | Treatment::NoEffect);
        let mut others: Vec<&Finding> = Vec::new();
        for finding in &self.findings.findings {
            match finding.treatment {
                Treatment::Unsupported => notices.push(Notice {
                    at: finding.at.clone(),
                    message: format!("{}: {}", finding.treatment.word(), finding.message),
                }),
                treatment => others.extend(minor(treatment).then_some(finding)),
            }
        }
        if let Some(first) = others.first() {
            let keys = match others.len() {
                1 => "this key is".to_owned(),
                count => format!("this key and {} more are", count - 1),
            };
            let message = format!(
                "{keys} approximated or without effect: `transom check` lists what becomes of each"
            );
            notices.push(Notice { at: first.at.clone(), message });
        }
        notices
    }
}

fn check(invocation: &Invocation<'_>, settings: Settings) -> Checked {
    let files = Recorder::new(invocation.files);
    let invocation = Invocation { files: &files, ..invocation.clone() };
    let strict = settings.strict;
    let mut findings = Findings::default();
    let variables = gather::variables(&invocation, &mut findings);
    let (draft, layers) = gather::sources(&invocation, &variables, settings, &mut findings);
    let around = surroundings(&invocation, &variables);
    let mut resolver = Resolver { draft, findings, shown: Shown::default(), around };
    let mut outcome = config::resolve(&mut resolver, layers);
    let Resolver { mut findings, shown, .. } = resolver;
    if strict {
        findings.make_strict();
    }
    for at in std::mem::take(&mut findings.left_out) {
        findings.notice(at, "is left out, no policy is applied: --without-policies");
    }
    let problems = std::mem::take(&mut findings.problems);
    outcome.config.sources = files.seen();
    let result = if problems.is_empty() { Ok(outcome) } else { Err(problems) };
    Checked { result, findings, shown }
}

/// What keeps one row of the admin API from being in effect with these files and the other rows.
pub(crate) fn judge(invocation: &Invocation<'_>, row: &AdminModel) -> Result<(), Vec<Problem>> {
    // Only a gateway that runs has an admin API.
    let Ok(Subcommands::Serve(settings) | Subcommands::Gateway(GatewayCommands::Run(settings))) =
        cli::parse(&invocation.arguments)
    else {
        return Ok(());
    };
    let mut invocation = invocation.clone();
    invocation.models.retain(|other| other.name != row.name);
    invocation.models.push(row.clone());
    let resolved = check(&invocation, settings).result?;
    let own = |left_out: &LeftOut| left_out.model == row.name;
    match resolved.left_out.into_iter().find(own) {
        Some(left_out) => Err(left_out.problems),
        None => Ok(()),
    }
}

/// Only the store matters to `migrate`: it also runs where no upstream is configured.
fn migrate(invocation: &Invocation<'_>, files: &[PathBuf]) -> Result<Loaded, Rejection> {
    let mut findings = Findings::default();
    let variables = gather::variables(invocation, &mut findings);
    let mut draft = Draft::default();
    let policies = Policies::LeftOut;
    gather::beneath(invocation, &variables, files, policies, &mut draft, &mut findings);
    let around = surroundings(invocation, &variables);
    let mut resolver = Resolver { draft, findings, shown: Shown::default(), around };
    let store = Store::resolve(&mut resolver);
    let Findings { problems, notices, .. } = resolver.findings;
    if problems.is_empty() {
        return Ok(Loaded { command: Command::Migrate(store), notices });
    }
    Err(Rejection::Problems(problems))
}

fn surroundings<'a>(invocation: &'a Invocation<'_>, variables: &'a Variables) -> Surroundings<'a> {
    let Invocation { files, cwd, cores, .. } = invocation;
    Surroundings { files: *files, variables, cwd, cores: *cores }
}

#[cfg(test)]
mod tests;
