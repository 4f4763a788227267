//! What each strategy is good for: simulated fleets under a workload like those that are recorded.
//!
//! Everything is drawn from one seed and nothing reads a clock, so every run gives the same figures.
//!
//! # Layout
//!
//! - `random`: the draws. `workload`: who asks what and when.
//! - `replica`: a model server; `cache`: its prefix cache.
//! - `simulation`: the gateway and its fleet, event by event. `outcome`: what came of it.
//! - `gains`: the tests.
#![cfg(test)]

mod cache;
mod gains;
mod outcome;
mod random;
mod replica;
mod simulation;
mod workload;
