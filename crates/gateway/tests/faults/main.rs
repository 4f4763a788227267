//! Faults and bad input, from outside: the real program, real sockets, and peers that misbehave.
//!
//! Each test has a short form, which runs always, and a long one with larger counts, which runs
//! where `TRANSOM_SOAK=1` is set (see `support::count`). The rows named below are those of the
//! fault table.
//!
//! # Layout
//!
//! - `upstream_stream`: streams of a model server that are wrong or merely odd (A1, A8, A11 to A19).
//! - `client_leaves`: clients that go, at every moment (B1 to B3).
//! - `slow_client`: clients that do not read (B4).
//! - `slow_loris`: clients that send by the drop (B5).
//! - `bodies`: bodies and fields that are refused (C1 to C6, C12, C16).
//! - `fleet`: several model servers of which some fail (A2 to A10, A20 to A22, A25 to A27, A29, A30).
//! - `state`: histories nobody can have, and many continuations at once (C8 to C10).
//! - `support`: what they share.
#![cfg(test)]

mod bodies;
mod client_leaves;
mod fleet;
mod slow_client;
mod slow_loris;
mod state;
mod support;
mod upstream_stream;

/// Where the kit's fake backends run that are processes of their own.
#[tokio::test]
async fn fake_process() {
    transom_testkit::process::serve_or_check().await;
}
