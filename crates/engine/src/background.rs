//! Responses in the background: turns that nobody waits for.
//!
//! A turn in the background is stored when it is accepted and then runs like any other, except that
//! its events go into the store instead of to a client. Its clients read them from there, as often
//! as they like, from any gateway with the same store. So an event that somebody has seen can always
//! be read again, and byte for byte.
//!
//! Whoever runs a turn holds a lease. When its process dies, another one takes over: a turn of which
//! no model's answer has been seen is run again, every other one fails as interrupted, and so does one
//! that several processes have died of.
//!
//! # Layout
//!
//! - `run`: from an accepted request to a running turn; `job`: what such a turn needs beside the
//!   others.
//! - `log`: events on their way into the store. `replay`: out of it again.
//! - `here`: the turns that this process runs.
//! - `keeper`: renews leases, takes over what others left, deletes what is not kept any longer.
//! - `adopt`: what becomes of a turn that was taken over. `cancel`: ending one on demand.

mod adopt;
mod cancel;
pub(crate) mod here;
mod job;
mod keeper;
mod log;
mod replay;
mod run;

use std::time::Duration;

pub(crate) use here::Here;
pub(crate) use job::{Job, Pause};
pub(crate) use log::EventLog;
pub(crate) use run::{Birth, Order};

/// What an operator decides about responses in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most that have not ended, at this gateway.
    pub jobs: usize,
    /// How long one waits for a model to begin before it fails.
    pub wait: Duration,
    /// How long events are kept after the end.
    pub events: Duration,
}

/// How long a gateway that says nothing is believed to be alive. It renews its leases many times
/// meanwhile. Others look every 4 s for leases that ran out, so what a dead gateway left is taken over
/// within 30 s; only after an outage of the store, when every lease has run out, do they wait for one
/// lease longer.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
