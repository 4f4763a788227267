//! What a watcher of a supervised program sees.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use crate::exit::Exit;

/// Exit code of a supervisor whose program was not ready in time, or refused it.
const NOT_READY_CODE: u8 = 1;

/// Where a supervised program stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Started and not yet ready.
    Starting {
        /// When it was started.
        since: Instant,
        /// From 1, counting on with each failure in a row.
        attempt: u32,
    },
    /// It serves.
    Ready {
        /// When a probe first found it so.
        since: Instant,
    },
    /// It failed and will be started again.
    BackingOff {
        /// The attempt that failed.
        attempt: u32,
        /// How long is waited before the next one.
        delay: Duration,
        /// Why it failed.
        last_failure: Failure,
    },
    /// Supervision has ended and nothing of the program is left.
    Stopped(Outcome),
}

/// For log lines.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { attempt: 1, .. } => f.write_str("starting"),
            Self::Starting { attempt, .. } => write!(f, "starting, attempt {attempt}"),
            Self::Ready { .. } => f.write_str("ready"),
            Self::BackingOff { delay, last_failure, .. } => {
                write!(f, "{last_failure}; again in {:.1} s", delay.as_secs_f64())
            }
            Self::Stopped(Outcome::NeverReady(failure)) => write!(f, "never ready: {failure}"),
            Self::Stopped(Outcome::Died(exit)) => write!(f, "ended: it {exit}"),
            Self::Stopped(Outcome::Stopped(_)) => f.write_str("stopped"),
        }
    }
}

/// Why one run of a program failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The program ended, or never ran.
    #[error("it {0}")]
    Exited(Exit),
    /// It was not ready within this time, and was killed.
    #[error("it was not ready within {} s", .0.as_secs_f64())]
    StartupTimeout(Duration),
    /// It refused the probe, and was killed; the text is the probe's advice.
    #[error("it refused the readiness probe: {0}")]
    Refused(String),
}

/// How supervision ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The program failed before it was ready for the first time.
    NeverReady(Failure),
    /// It ended after it was ready, and [`Restart::Never`](crate::Restart::Never) holds.
    Died(Exit),
    /// It was stopped on request; `None` when no program ran at that moment, or when it could not
    /// be seen to end.
    Stopped(Option<Exit>),
}

impl Outcome {
    /// The exit code of a supervisor that ends with this outcome.
    ///
    /// The program's code as [`Exit::supervisor_code`] gives it; 1 for a startup timeout and a
    /// refusal; 0 for a stop on request.
    pub fn supervisor_code(&self) -> u8 {
        match self {
            Self::NeverReady(Failure::Exited(exit)) | Self::Died(exit) => exit.supervisor_code(),
            Self::NeverReady(_) => NOT_READY_CODE,
            Self::Stopped(_) => 0,
        }
    }
}
