//! The hidden mode of the executable that stands between the supervisor and a program.
//!
//! Command line: `keeper [--below PID] -- PROGRAM ARGS…`. Without `--below` this is the outer
//! keeper: it leaves the supervisor's session and starts the inner keeper, which gets the outer
//! one's process id and starts the program in a process group of its own. Both are child
//! subreapers (`PR_SET_CHILD_SUBREAPER`), so every descendant that loses its parent becomes their
//! child, whatever session it is in. Both are single-threaded, because the parent-death signal
//! they give the program is tied to the thread that started it.
//!
//! A keeper
//! - ends everything below it with `SIGKILL` when its `Leash` is let go: end of file on standard
//!   input (the outer: the supervisor is dead, or asks for it) or the end of the process above it
//!   (the inner);
//! - does the same with what is left when its own child ends, then exits with that child's code
//!   (128 + signal when a signal ended it, 127 when it could not be started, 125 when the keeper
//!   itself failed, as shells do);
//! - forwards `SIGTERM`, `SIGINT`, `SIGHUP` and `SIGQUIT` to its child;
//! - reaps zombies all the time.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitCode, Stdio},
};

use rustix::process::{Pid, getpid, set_child_subreaper, setsid};

use self::{leash::Leash, signals::Signals, task::Task, watch::Watch};
use crate::exit::Exit;

mod death_signal;
mod descendants;
mod leash;
mod signals;
mod task;
mod watch;

/// The first argument that selects the hidden mode.
pub const MODE: &str = "keeper";

/// This executable, also after its file was replaced or removed.
pub const SELF: &str = "/proc/self/exe";

/// What `ps` and `killall` call a keeper.
///
/// Not the executable's own name, so that `pkill -9` of the supervisor by name leaves the keepers
/// alive to clean up after it.
pub(crate) const PROCESS_NAME: &str = "child-keeper";

/// Exit code of a keeper that could not do its work.
const BROKEN: u8 = 125;

/// Runs the hidden mode to its end; `arguments` are those after [`MODE`].
///
/// Must be called first thing in `main`: no other thread may exist. The returned code is the
/// program's; see the module for the rest.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let kept = Task::parse(arguments).map_err(io::Error::other).and_then(|it| keep(&it));
    match kept {
        Ok(exit) => ExitCode::from(exit.keeper_code()),
        Err(error) => {
            // Standard error is the program's log; when even that is gone nobody is left to tell.
            let _ = writeln!(io::stderr(), "keeper: {error}");
            ExitCode::from(BROKEN)
        }
    }
}

fn keep(task: &Task) -> io::Result<Exit> {
    let signals = Signals::catch()?;
    fs::write("/proc/self/comm", PROCESS_NAME)?;
    if task.above.is_none() {
        // Fails only for a group leader, which a keeper started by hand from a shell is.
        let _ = setsid();
    }
    set_child_subreaper(Some(getpid()))?;
    let leash = Leash::hold(task.above)?;
    match start(task) {
        Ok(child) => {
            let exit = Watch::new(Pid::from_child(&child), signals, leash).until_the_end()?;
            if task.above.is_some() || matches!(exit, Exit::Signal(_)) {
                report(exit);
            }
            Ok(exit)
        }
        Err(error) => {
            let exit = Exit::NotStarted(error.raw_os_error().unwrap_or_default());
            report(exit);
            Ok(exit)
        }
    }
}

/// The outer keeper starts the inner one, the inner one starts the program.
fn start(task: &Task) -> io::Result<Child> {
    let mut command = if task.above.is_none() {
        let mut inner = Command::new(SELF);
        inner.arg0(PROCESS_NAME).arg(MODE).arg(task::BELOW);
        inner.arg(getpid().as_raw_nonzero().to_string());
        inner.arg(task::PROGRAM_FOLLOWS).arg(&task.program);
        inner.stdin(Stdio::inherit());
        inner
    } else {
        let mut program = Command::new(&task.program);
        program.stdin(Stdio::null()).process_group(0);
        death_signal::die_with_parent(&mut program);
        program
    };
    command.args(&task.arguments).spawn()
}

/// Tells the supervisor, if it still listens, how the program ended.
///
/// Both keepers hold the same socket as their standard input. The inner one reports; the outer one
/// only what the inner one cannot, namely that it was killed. The supervisor reads the first line.
fn report(exit: Exit) {
    let _ = rustix::io::write(io::stdin(), exit.report().as_bytes());
}

#[cfg(test)]
mod tests;
