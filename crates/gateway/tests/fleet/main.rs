//! Models, servers and failover, from outside: the real program in front of several model servers.
//!
//! Some tests have a short form, which runs always, and a long one, which runs where
//! `TRANSOM_SOAK=1` is set.
//!
//! # Layout
//!
//! - `guide_004`: the deployment of the LiteLLM guide from its own file: its commands, the names
//!   that stay inside, servers that are restarted.
//! - `guide_002`: the deployment of the Keeptrusts guide from its own files.
//! - `traps`: what guide 004 warns of: a loopback address in a container, another served name,
//!   changes that do not take effect, a server that loads.
//! - `live_limits`: limits of the edge that a reload changes, and what needs a restart.
//! - `bad_reload` (F3), `reload_storm` (F4): exchanging the configuration of a running gateway.
//! - `convert`: `transom config convert` and `transom check`; `check`: `transom check --online`.
//! - `admin`: the admin API: servers, models, LiteLLM's routes, and who may use it.
//! - `support`: what they share.
#![cfg(test)]

mod admin;
mod bad_reload;
mod check;
mod convert;
mod guide_002;
mod guide_004;
mod live_limits;
mod reload_storm;
mod support;
mod traps;

/// The process of every `FakeProcess` in here.
#[tokio::test]
async fn fake_process() {
    transom_testkit::process::serve_or_check().await;
}
