//! The store against real files.
//!
//! `contract` is what every adapter of the port must do, written over the trait alone; the other
//! modules are about SQLite.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod contract;
mod depth;
mod faults;
mod growth;
mod model;
mod opening;
mod sqlite;
mod support;
