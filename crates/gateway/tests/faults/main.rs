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
//! - `fleet`: several model servers of which some fail (A2 to A10, A20 to A27, A29, A30).
//! - `state`: histories nobody can have, and many continuations at once (C8 to C10).
//! - `support`: what they share.
//!
//! # Rows of the fault table
//!
//! | row | where it is tested |
//! |---|---|
//! | A1 | `upstream_stream`: a server dies after any event; `fleet::killed`: SIGKILL of a process |
//! | A2 | `fleet::killed`: one of two servers is killed under load |
//! | A3 | `fleet::unreachable`: refused and reset connections |
//! | A4 | `fleet::unreachable`: a server that swallows connections. Dropping packets needs root: a listener whose queue is full stands in, which the kernel treats alike |
//! | A5 | `upstream_stream`: a server falls silent |
//! | A6, A25 | `fleet::silent` |
//! | A7, A8, A9 | `fleet::cut`; A8 in streams: `upstream_stream` |
//! | A10 | `fleet::keep_alive` |
//! | A11, A12, A14 to A16, A18 | `upstream_stream::wrong`; A18 in logs and metrics: `fleet::sick` |
//! | A12, A13, A15, A16 | `upstream_stream::odd`, in every chunking |
//! | A17 | `upstream_stream::odd`: usage that is missing or absurd is `null` and counts nothing. The row asks for an estimate of ours, flagged: a number that looks measured and is not would be worse than none, so none is made up. Rates per minute count at least the prompt: `fleet::rates` |
//! | A19 | `upstream_stream`: answers that are none |
//! | A20 | `fleet::limited` |
//! | A21 | `fleet::storm` |
//! | A22 | `fleet::flapping` |
//! | A23 | `fleet::dns`, in a mount namespace of the program's own, with the system's resolver. Where the kernel allows none, `upstream/tests/it/names.rs` and `upstream/src/dns/tests.rs` stand in: a resolver of the test's |
//! | A24 | `fleet::tls`; client certificates and details: `upstream/tests/it/tls.rs` |
//! | A26 | `fleet::redirect` |
//! | A27 | `fleet::calls` |
//! | A28 | no tools are run yet, so no loop of them can be endless |
//! | A29 | `fleet::poison`, the rules in `engine/src/dispatch/tests/poison.rs` |
//! | A30 | `fleet::canary`. Ids of responses are ours; a chat's id goes through as the server gave it, like every byte of that road that the gateway does not have to change |
//! | F3, F4 | `bad_reload` and `reload_storm` of the tests `fleet` |
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
