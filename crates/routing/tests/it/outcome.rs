//! What came of a simulated run.

use std::time::Duration;

#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Times to first token, sorted.
    pub(crate) times: Vec<Duration>,
    /// Requests sent to each replica.
    pub(crate) sent: Vec<u32>,
    /// Tokens of all prompts.
    pub(crate) prompts: usize,
    /// Tokens of them that were in the cache.
    pub(crate) cached: usize,
}

impl Outcome {
    pub(crate) fn new(replicas: usize) -> Self {
        Self { times: Vec::new(), sent: vec![0; replicas], prompts: 0, cached: 0 }
    }

    /// The time to first token that so many of a hundred requests keep to, in seconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.times[self.times.len() * percent / 100].as_secs_f64()
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn slowest(&self) -> f64 {
        self.percentile(99)
    }

    /// Tokens found in the cache, of a hundred.
    pub(crate) fn cached(&self) -> f64 {
        f64::from(u32::try_from(self.cached * 100 / self.prompts).expect("at most 100"))
    }

    /// Requests that the first replica got, of a hundred.
    pub(crate) fn to_first(&self) -> f64 {
        f64::from(self.sent[0]) * 100.0 / f64::from(self.sent.iter().sum::<u32>())
    }
}
