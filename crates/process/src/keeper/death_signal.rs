//! The program dies with the keeper that started it.
#![expect(unsafe_code, reason = "only pre_exec runs code between fork and exec, and it is unsafe")]

use std::{io, os::unix::process::CommandExt as _, process::Command};

use rustix::{
    io::Errno,
    process::{Signal, getpid, getppid, set_parent_process_death_signal},
};

/// Makes the kernel send `SIGKILL` to the started process when the calling thread ends.
///
/// `PR_SET_PDEATHSIG` is tied to the *thread* that forks: call this, and start the command, only
/// from the main thread of a single-threaded process.
pub(super) fn die_with_parent(command: &mut Command) {
    let keeper = getpid();
    let ask_for_death_signal = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // A keeper that died before the line above sends no signal any more.
        if getppid() == Some(keeper) { Ok(()) } else { Err(io::Error::from(Errno::SRCH)) }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. The closure makes
    // two plain system calls; it neither allocates, locks nor touches memory shared with others.
    unsafe { command.pre_exec(ask_for_death_signal) };
}
