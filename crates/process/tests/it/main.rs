//! Real programs under real keepers.
//!
//! The keeper is `examples/supervise.rs`, which is also the supervisor where one must be killed.
#![cfg(test)]

mod children;
mod exits;
mod orphans;
mod output;
mod restarts;
mod stops;
