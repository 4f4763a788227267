//! Adapter of [`transom_core::port::upstream`]: HTTP to model servers.
//!
//! # Layout
//!
//! - [`base`]: where a server is; the only place that builds its URLs.
//! - [`connector`]: TCP and TLS, with one limit over both; `counted`: connections that know whether
//!   they have been used.
//! - [`backend`]: one server: its client, its key, its state. Implements the port.
//! - [`body`]: an answer's body with its time limits.
//! - [`probe`]: asks a server whether it is ready, for as long as the program runs.

pub mod backend;
pub mod base;
pub mod body;
pub mod connector;
mod counted;
pub mod probe;
