//! Choosing one of the deployments that can take a request.
//!
//! Each strategy is one file that implements [`Pick`]; to add one, write the file, add its word to
//! [`Strategy`] and a line to [`picker`].
//!
//! Two rules hold for all of them, and `pool` keeps them: a deployment that has used up its rate
//! hints is only chosen when all have, and one of weight 0 only when the others are gone. `load`
//! says how loaded a deployment is, `hash` how names and text become numbers.

use std::time::Duration;

use transom_core::model::{DeploymentId, Strategy};

use crate::prompt::Prompt;

pub(crate) mod hash;
mod least_loaded;
mod load;
mod lowest_latency;
mod pool;
mod prefix_aware;
mod round_robin;
mod session;
mod two_choices;
mod weighted_shuffle;

/// A deployment that can take a request, as the strategies see it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its name.
    pub id: &'a DeploymentId,
    /// The name as a number: [`key`] of it.
    pub key: u64,
    /// Its share relative to the others.
    pub weight: u32,
    /// Requests of ours in flight there.
    pub in_flight: u32,
    /// Requests that wait in its server's own queue, as it last said, seconds ago; 0 where it says
    /// nothing.
    pub waiting: u32,
    /// How long its answers took of late, smoothed: a stream until it began, a whole answer until it
    /// was there.
    pub latency: Latency,
    /// The share of its hints for requests and tokens per minute that this minute has used, from 0
    /// on; at 1 and above it is only chosen when all are.
    pub used_share: f32,
}

/// How long answers took of late, or that it was not measured. It is four bytes long: each choice
/// makes a candidate of every deployment, and small ones are made several times faster.
#[derive(Clone, Copy, Debug)]
pub struct Latency(f32);

impl Latency {
    /// It was not measured.
    pub const UNKNOWN: Self = Self(f32::NAN);

    /// In seconds; `None`: it was not measured.
    pub fn seconds(self) -> Option<f64> {
        (!self.0.is_nan()).then_some(f64::from(self.0))
    }
}

impl From<Option<Duration>> for Latency {
    fn from(measured: Option<Duration>) -> Self {
        measured.map_or(Self::UNKNOWN, |time| Self(time.as_secs_f32()))
    }
}

/// A name as a number, the same in every process. Made once, it spares each choice hashing names.
pub fn key(id: &DeploymentId) -> u64 {
    hash::text(0, &id.0)
}

/// What a choice may depend on besides the deployments.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The beginning of the prompt.
    pub prompt: &'a Prompt,
    /// A hash of what ties the request to a conversation, where something does.
    pub session: Option<u64>,
    /// 64 fresh random bits.
    pub random: u64,
}

/// A way to choose. One picker serves one model for as long as the model lives.
pub trait Pick: Send + Sync {
    /// The index of the chosen one in `among`, which is never empty.
    fn pick(&self, among: &[Candidate<'_>], ask: &Ask<'_>) -> usize;

    /// Takes note that the request has gone to `to`.
    fn sent(&self, _to: &DeploymentId, _ask: &Ask<'_>) {}

    /// Forgets the deployments that are gone: `is_there` tells who stays.
    fn retain(&self, _is_there: &dyn Fn(&DeploymentId) -> bool) {}
}

/// A fresh picker that knows nothing yet.
pub fn picker(strategy: Strategy) -> Box<dyn Pick> {
    match strategy {
        Strategy::WeightedShuffle => Box::new(weighted_shuffle::WeightedShuffle),
        Strategy::RoundRobin => Box::new(round_robin::RoundRobin::default()),
        Strategy::LeastLoaded => Box::new(least_loaded::LeastLoaded),
        Strategy::TwoChoices => Box::new(two_choices::TwoChoices),
        Strategy::LowestLatency => Box::new(lowest_latency::LowestLatency),
        Strategy::PrefixAware => Box::new(prefix_aware::PrefixAware::default()),
        Strategy::Session => Box::new(session::Session),
    }
}

#[cfg(test)]
mod tests;
