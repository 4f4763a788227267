//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

const USAGE: &str = "\
usage: transom-bench [--transom FILE] [--quick] [--reloads N] [--jobs N] [--json]
                     [--no-pin] [WORKLOAD ...]

  --transom FILE  the program to measure (or TRANSOM_BIN; default: beside this program)
  --quick         one short run of each workload, 500 reloads, 100 jobs: shows that all of it works,
                  nothing else; also for a machine that is busy
  --reloads N     how often `reload-memory` changes the configuration (10000)
  --jobs N        how many responses in the background `background-open` has open (1000)
  --json          for machines
  --no-pin        leave cores and priorities to the system
  WORKLOAD        only those whose names begin so: start chat streams paced bodies alias
                  responses reload background conversation chain";

/// How the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Table,
    Json,
}

/// Whether programs are bound to cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinning {
    Cores,
    Off,
}

/// What to do.
#[derive(Debug)]
pub(crate) struct Options {
    /// The program under test.
    pub(crate) transom: PathBuf,
    /// Paired runs of each workload.
    pub(crate) runs: usize,
    /// How long each slice of a run lasts.
    pub(crate) slice: Duration,
    /// Changes of the configuration over which memory is watched.
    pub(crate) reloads: usize,
    /// Responses in the background that are open at once.
    pub(crate) jobs: usize,
    pub(crate) output: Output,
    pub(crate) pinning: Pinning,
    /// Beginnings of workload names; none means all.
    only: Vec<String>,
}

impl Options {
    /// Reads the command line, without the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self {
            transom: default_program()?,
            runs: 5,
            slice: Duration::from_secs(2),
            reloads: 10_000,
            jobs: 1000,
            output: Output::Table,
            pinning: Pinning::Cores,
            only: Vec::new(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--transom" => options.transom = arguments.next().context(USAGE)?.into(),
                "--quick" => {
                    (options.runs, options.slice) = (1, Duration::from_millis(300));
                    (options.reloads, options.jobs) = (500, 100);
                }
                "--reloads" => options.reloads = arguments.next().context(USAGE)?.parse()?,
                "--jobs" => options.jobs = arguments.next().context(USAGE)?.parse()?,
                "--json" => options.output = Output::Json,
                "--no-pin" => options.pinning = Pinning::Off,
                flag if flag.starts_with('-') => bail!(USAGE),
                _ => options.only.push(argument),
            }
        }
        if !options.transom.is_file() {
            bail!(
                "{} is no program; build it: cargo build --release -p transom",
                options.transom.display()
            );
        }
        Ok(options)
    }

    /// Whether this workload is to be run.
    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| workload.starts_with(name))
    }
}

#[expect(clippy::disallowed_methods, reason = "the variable is this tool's own, not a setting")]
fn default_program() -> anyhow::Result<PathBuf> {
    match std::env::var_os("TRANSOM_BIN") {
        Some(path) => Ok(path.into()),
        None => Ok(std::env::current_exe()?.with_file_name("transom")),
    }
}
