//! Models, servers and failover, from outside: the real program with several model servers behind it.
//!
//! Some tests have a short form, which runs always, and a long one, which runs where
//! `TRANSOM_SOAK=1` is set.
//!
//! # Layout
//!
//! - `guide_004`: the deployment of the LiteLLM guide, from its own file: its commands (`commands`),
//!   the names that stay inside (`names`), servers that are restarted (`restarts`).
//! - `guide_002`: the deployment of the Keeptrusts guide, from its own files.
//! - `traps`: what guide 004 warns of: a loopback address in a container (`loopback`), another served
//!   name (`served_name`), changes that do not take effect (`change`), a server that loads (`loading`).
//! - `bad_reload` (F3), `reload_storm` (F4): configurations that are exchanged under a running gateway.
//! - `convert`: `transom config convert` and `transom check`.
//! - `admin`: the admin API: servers (`servers`), models (`models`), LiteLLM's routes (`litellm`), and
//!   who may use it (`access`).
//! - `support`: what they share.
#![cfg(test)]

mod admin;
mod bad_reload;
mod convert;
mod guide_002;
mod guide_004;
mod reload_storm;
mod support;
mod traps;

/// The process of every `FakeProcess` in here.
#[tokio::test]
async fn fake_process() {
    transom_testkit::process::serve_or_check().await;
}
