//! What the configuration is made from. It can be read again at any time.

use std::io;
use std::path::PathBuf;

use transom_config::{
    AdminModel, Command, Disk, Environment, GatewayConfig, Invocation, Loaded, Recorder, Rejection,
    load, process_environment,
};

/// The command line and everything around it, as they were when the program started.
#[derive(Clone)]
pub(crate) struct Recipe {
    arguments: Vec<String>,
    environment: Environment,
    cwd: PathBuf,
    cores: usize,
}

/// A configuration that cannot be used.
pub(crate) struct Refused {
    /// Every problem, with its place and a hint.
    pub(crate) problems: Vec<String>,
    /// Every file that was read or looked for: a change of one of them may help.
    pub(crate) sources: Vec<PathBuf>,
}

impl Recipe {
    /// That of this process.
    pub(crate) fn of_process() -> io::Result<Self> {
        Ok(Self {
            arguments: std::env::args_os()
                .map(|text| text.to_string_lossy().into_owned())
                .collect(),
            environment: process_environment(),
            cwd: std::env::current_dir()?,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        })
    }

    /// For reading it, with the models of the admin API.
    pub(crate) fn invocation(&self, models: Vec<AdminModel>) -> Invocation<'static> {
        Invocation {
            arguments: self.arguments.clone(),
            environment: self.environment.clone(),
            cwd: self.cwd.clone(),
            cores: self.cores,
            files: &Disk,
            models,
        }
    }

    /// The configuration as files and store have it now.
    pub(crate) fn read(&self, models: Vec<AdminModel>) -> Result<Box<GatewayConfig>, Refused> {
        let files = Recorder::new(&Disk);
        let problems = match load(&Invocation { files: &files, ..self.invocation(models) }) {
            Ok(Loaded { command: Command::Serve(config), .. }) => return Ok(config),
            Ok(_) => vec!["the command line does not serve".to_owned()],
            Err(Rejection::Usage(error)) => vec![error.to_string()],
            Err(Rejection::Problems(problems)) => {
                problems.iter().map(ToString::to_string).collect()
            }
        };
        Err(Refused { problems, sources: files.seen() })
    }

    /// A variable of the process's environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }
}
