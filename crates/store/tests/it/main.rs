//! The store against real files.
//!
//! `contract`, `conversations`, `jobs`, `models`, `once` and `sealing` are what every adapter of the ports must
//! do; the other modules are
//! about SQLite.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod contract;
mod conversations;
mod depth;
mod faults;
mod growth;
mod jobs;
mod model;
mod models;
mod once;
mod opening;
mod references;
mod sealing;
mod sqlite;
mod support;
