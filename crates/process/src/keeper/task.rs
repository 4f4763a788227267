//! The keeper's command line.

use std::ffi::OsString;

use rustix::process::Pid;

/// Marks the inner keeper; the next word is the outer one's process id.
pub(super) const BELOW: &str = "--below";
/// Ends the keeper's own words.
pub(super) const PROGRAM_FOLLOWS: &str = "--";

/// The command line is not one that this crate writes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{BELOW} needs the process id of the keeper above")]
    Above,
    #[error("expected [{BELOW} PID] {PROGRAM_FOLLOWS} PROGRAM [ARGUMENTS]")]
    Shape,
}

/// What a keeper is to do.
#[derive(Debug)]
pub(super) struct Task {
    /// The outer keeper, for the inner one.
    pub(super) above: Option<Pid>,
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
}

impl Task {
    pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, Error> {
        let mut words = words.into_iter();
        let mut word = words.next().ok_or(Error::Shape)?;
        let mut above = None;
        if word == BELOW {
            let pid = words.next().and_then(|pid| pid.to_str()?.parse().ok());
            above = Some(pid.and_then(Pid::from_raw).ok_or(Error::Above)?);
            word = words.next().ok_or(Error::Shape)?;
        }
        if word != PROGRAM_FOLLOWS {
            return Err(Error::Shape);
        }
        let program = words.next().ok_or(Error::Shape)?;
        Ok(Self { above, program, arguments: words.collect() })
    }
}
