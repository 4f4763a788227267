//! The store against real files.
//!
//! `contract` and `models` are what every adapter of the two ports must do; the other modules are
//! about SQLite.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod contract;
mod depth;
mod faults;
mod growth;
mod model;
mod models;
mod opening;
mod sqlite;
mod support;
