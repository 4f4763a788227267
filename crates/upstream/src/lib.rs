//! Adapter of [`transom_core::port::upstream`]: HTTP to model servers, and what is known about them.
//!
//! # Layout
//!
//! One server:
//!
//! - [`backend`]: its key, its limits, its state; implements the port.
//! - [`health`]: the rules by which probes, requests and operators make its state; no IO.
//! - [`probe`]: asks it, for as long as it is in the configuration; `served` and `metrics` read what
//!   it says; `offer` finds out which routes it has.
//! - [`explain`]: what to tell an operator whose server does not answer; no IO.
//! - [`examine`](mod@examine): asks once and reports every step, for `transom check --online`.
//!
//! All of them:
//!
//! - [`registry`]: the servers of a configuration, carried over to the next one.
//!
//! The way there:
//!
//! - [`base`]: where a server is; the only place that builds its URLs.
//! - `transport`: the pool of its connections, shared by successive configurations.
//! - `connector`: TCP and TLS, each with its limit; [`dns`]: names, with the last good answer kept;
//!   [`tls`]: certificates; `counted`: connections that know whether they have been used.
//! - [`trouble`]: why there was no answer, told apart as far as a remedy differs.
//! - `body`: an answer's body with its time limits.

pub mod backend;
pub mod base;
mod body;
mod connector;
mod counted;
pub mod dns;
pub mod examine;
pub mod explain;
pub mod health;
mod metrics;
mod offer;
pub mod probe;
pub mod registry;
mod served;
pub mod tls;
mod transport;
pub mod trouble;

/// What to build servers with.
pub use backend::settings::Settings;
