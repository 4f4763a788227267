//! The test kit of the gateway: real sockets, real processes, and a peer that checks what it is sent.
//!
//! # Layout
//!
//! What a test holds in its hands:
//!
//! - [`backend`]: [`FakeBackend`], a scriptable vLLM that validates and records every request.
//! - [`answer`]: what it answers: chat streams, recorded bytes, malformed HTTP, faults in the middle.
//! - [`gate`]: [`Gate`], the named place at which an answer waits for the test.
//! - [`chaos`]: [`TcpChaos`], a byte-level fault proxy between any two parties.
//! - [`blackhole`]: [`Blackhole`], a port that drops what asks for a connection.
//! - [`client`]: [`Client`], a keep-alive HTTP client that notes when every event arrived.
//! - [`raw`]: [`RawClient`], the socket itself, for requests no client library would send.
//! - [`gateway`]: [`TestGateway`], the real binary as a process in a folder of its own.
//! - [`process`]: [`FakeProcess`], a fake backend as a process that can be killed.
//! - [`load`]: [`Load`], many clients at once, and how each of their requests ended.
//! - [`tls`]: [`TlsFront`], TLS in front of a fake, with certificates good and bad.
//! - [`exchanges`]: what the gateway answered, for the check against OpenAI's API description.
//! - [`sse`]: an event-stream parser that shares no code with the product, to be the oracle.
//! - [`recordings`] and [`shared`]: recorded exchanges, inside the repository and beside it.
//!
//! What those stand on: [`http1`] (reading HTTP/1.1 strictly, without IO), [`strict_json`] (JSON that
//! refuses duplicate keys), `socket`, `door` (a port that can be shut and opened), `child` (a process
//! and its output) and `watched` (a value one can wait on).
//!
//! The kit speaks HTTP itself instead of through hyper: it must see the bytes as they were sent
//! (duplicate headers, two framings, pipelined rests) and write bytes hyper would never write. It
//! depends on no other crate of the workspace, so every one of them can use it.
//!
//! Waiting is bounded everywhere by [`PATIENCE`]; what did not happen until then fails the test with a
//! message that names it. `serde_json::Value` is used where arbitrary JSON is judged, which is what a
//! fake server does for a living.
#![expect(clippy::panic, reason = "a test kit reports by failing the test it is used in")]

use std::time::Duration;

pub mod answer;
pub mod backend;
pub mod blackhole;
pub mod chaos;
mod child;
pub mod client;
mod door;
pub mod exchanges;
pub mod gate;
pub mod gateway;
pub mod http1;
pub mod load;
pub mod process;
pub mod raw;
pub mod recordings;
pub mod shared;
mod socket;
pub mod sse;
pub mod strict_json;
pub mod tls;
mod watched;

pub use answer::{Answer, Script, Step};
pub use backend::FakeBackend;
pub use blackhole::Blackhole;
pub use chaos::TcpChaos;
pub use client::Client;
pub use gate::Gate;
pub use gateway::TestGateway;
pub use load::Load;
pub use process::FakeProcess;
pub use raw::RawClient;
pub use tls::TlsFront;

/// How long anything in the kit waits for something to happen before it fails the test.
pub const PATIENCE: Duration = Duration::from_secs(20);
