//! The adapter against real sockets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod examine;
mod names;
mod reload;
mod states;
mod support;
mod tls;
mod transport;
