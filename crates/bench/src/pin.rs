//! Which core runs what, so that the programs do not take time from each other.
//!
//! Mock and client share the first core, the program under test has the second to itself. As root
//! all of them go before other programs of the machine (`SCHED_RR`); without that, whatever else
//! runs is measured too.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::options::{Options, Pinning};

/// Set for the copy of this program that already is where it belongs.
const PINNED: &str = "TRANSOM_BENCH_PINNED";

const CLIENT_CORE: &str = "0";
const TARGET_CORE: &str = "1";

/// Becomes the same program on the first core, where that is wanted and possible.
#[expect(clippy::disallowed_methods, reason = "the variable is a message of this tool to itself")]
pub(crate) fn keep_to_first_core(options: &Options) -> anyhow::Result<()> {
    if options.pinning == Pinning::Off || std::env::var_os(PINNED).is_some() {
        return Ok(());
    }
    let mut command = on_core(CLIENT_CORE, std::env::current_exe()?.as_os_str());
    command.args(std::env::args_os().skip(1)).env(PINNED, "1");
    Err(command.exec().into())
}

/// A command for a program under test.
pub(crate) fn target(options: &Options, program: &OsStr) -> Command {
    match options.pinning {
        Pinning::Cores => on_core(TARGET_CORE, program),
        Pinning::Off => Command::new(program),
    }
}

fn on_core(core: &str, program: &OsStr) -> Command {
    // Each of them becomes the next, so the process keeps its id.
    let mut words: Vec<&OsStr> = Vec::new();
    if works("taskset", &["-c", core, "true"]) {
        words.extend(["taskset", "-c", core].map(OsStr::new));
    }
    if works("chrt", &["-r", "1", "true"]) {
        words.extend(["chrt", "-r", "1"].map(OsStr::new));
    }
    words.push(program);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let silent = || Stdio::null();
    let tried = Command::new(program).args(arguments).stdout(silent()).stderr(silent()).status();
    tried.is_ok_and(|status| status.success())
}
