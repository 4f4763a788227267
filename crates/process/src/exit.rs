//! How a program ended, and how the keeper tells the supervisor.
//!
//! An exit code alone cannot tell "killed by signal 9" from "exited with 137", so the inner keeper
//! writes one report line (`exited 7`, `killed 9`, `failed 2`) on the socket it shares with the
//! supervisor. Only when that line is missing is the keeper's own status read.

use std::{io, os::unix::process::ExitStatusExt as _, process::ExitStatus};

use rustix::process::WaitStatus;

/// Added to a signal's number in a keeper's own exit code, as shells do.
const SIGNAL_BASE: i32 = 128;
/// Code of a program that could not be started: as other mistakes of configuration.
const NOT_STARTED_CODE: u8 = 2;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exit {
    /// It exited by itself with this code.
    #[error("exited with code {0}")]
    Code(u8),
    /// This signal ended it.
    #[error("was killed by signal {0}")]
    Signal(u8),
    /// It never ran: the operating system refused, with this error number (2 is "no such file").
    #[error("could not be started: {}", io::Error::from_raw_os_error(*.0))]
    NotStarted(i32),
}

impl Exit {
    /// The exit code of a supervisor that ends because this program ended.
    ///
    /// The program's own code, 1 for a server that ended with 0 though nobody asked it to, minus
    /// the signal's number modulo 256 (signal 9 gives 247), and 2 when it could not be started.
    pub fn supervisor_code(self) -> u8 {
        match self {
            Self::Code(0) => 1,
            Self::Code(code) => code,
            Self::Signal(signal) => 0_u8.wrapping_sub(signal),
            Self::NotStarted(_) => NOT_STARTED_CODE,
        }
    }

    /// The keeper's own exit code: the program's, or 128 + signal, or 127 as shells have it.
    pub(crate) fn keeper_code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => u8::try_from(SIGNAL_BASE).unwrap_or(0).wrapping_add(signal),
            Self::NotStarted(_) => 127,
        }
    }

    /// From a status of `waitpid`; `None` while the process only stopped or went on.
    pub(crate) fn from_wait(status: WaitStatus) -> Option<Self> {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Some(Self::Code(low_byte(code))),
            (None, Some(signal)) => Some(Self::Signal(low_byte(signal))),
            (None, None) => None,
        }
    }

    /// From the keeper's own status, where its report is missing.
    pub(crate) fn from_keeper(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) if code > SIGNAL_BASE => Self::Signal(low_byte(code - SIGNAL_BASE)),
            (Some(code), _) => Self::Code(low_byte(code)),
            (None, signal) => Self::Signal(low_byte(signal.unwrap_or_default())),
        }
    }

    /// The report line, with its line feed.
    pub(crate) fn report(self) -> String {
        match self {
            Self::Code(code) => format!("exited {code}\n"),
            Self::Signal(signal) => format!("killed {signal}\n"),
            Self::NotStarted(errno) => format!("failed {errno}\n"),
        }
    }

    /// The first report line of `bytes`, if there is a whole one.
    pub(crate) fn from_report(bytes: &[u8]) -> Option<Self> {
        let (line, _) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        let (how, number) = line.split_once(' ')?;
        match how {
            "exited" => number.parse().ok().map(Self::Code),
            "killed" => number.parse().ok().map(Self::Signal),
            "failed" => number.parse().ok().map(Self::NotStarted),
            _ => None,
        }
    }
}

fn low_byte(value: i32) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests;
