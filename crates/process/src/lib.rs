//! Child processes that cannot outlive the program, supervised and restarted.
//!
//! A supervised program is not started directly. The supervisor starts two *keepers*, which are
//! its own executable in a hidden mode, and the inner keeper starts the program:
//!
//! ```text
//! supervisor ── keeper (outer) ── keeper (inner) ── program ── its descendants
//! ```
//!
//! Each of them ends everything below it when the one above it is gone, and the outer keeper also
//! when the inner one is gone, so that any single `SIGKILL` leaves no descendant behind, not even
//! those that made a session of their own.
//!
//! # Layout
//!
//! - [`spec`]: what to run ([`ChildSpec`]).
//! - [`keeper`]: the hidden mode; `main` calls [`keeper::run`] before anything else. Its parts:
//!   the search for descendants, and the one `unsafe` block of the crate (the parent-death signal).
//! - [`exit`]: how a program ended ([`Exit`]), its exit codes, and its one-line report from the
//!   keeper to the supervisor.
//! - `kept`: the supervisor's end of one running program: signals, end, output.
//! - [`output`]: the program's output, cut into lines, queued within bounds, given to a
//!   [`LineSink`].
//! - [`readiness`]: polling until the program serves ([`Readiness`]).
//! - [`backoff`]: the delays between restarts ([`Backoff`]).
//! - [`state`]: what a watcher sees ([`State`]) and how supervision ends ([`Outcome`]).
//! - [`supervise`]: the loop over all of these ([`Supervisor`], [`Supervised`]).
//!
//! Needs Linux 5.3 or newer (`pidfd_open`) and a mounted `/proc`.

pub mod backoff;
pub mod exit;
pub mod keeper;
mod kept;
pub mod output;
pub mod readiness;
pub mod spec;
pub mod state;
pub mod supervise;

pub use backoff::{Backoff, Restart};
pub use exit::Exit;
pub use output::LineSink;
pub use readiness::{ProbeResult, Readiness};
pub use spec::ChildSpec;
pub use state::{Failure, Outcome, State};
pub use supervise::{Supervised, Supervisor};
