//! Choosing a deployment, and what is learnt about each.
//!
//! Nothing here reads a clock, a socket or a random number: time and randomness are parameters, so
//! every rule can be tested, and whole fleets can be simulated.
//!
//! # Layout
//!
//! - [`pick`]: the strategies, one file each; [`prompt`]: what a prompt begins with, as hashes.
//! - What is learnt about a deployment: [`latency`] (how fast it begins to answer), [`window`] (what
//!   it was given this minute), [`breaker`] (failures in a row), [`ejection`] (its share of failures
//!   beside its neighbours').
//! - What holds a request back: [`retry`] (the budget of retries), [`queue`] (who is next),
//!   [`poison`] (requests that kill servers).

pub mod breaker;
pub mod ejection;
pub mod latency;
pub mod pick;
pub mod poison;
pub mod prompt;
pub mod queue;
pub mod retry;
pub mod window;
