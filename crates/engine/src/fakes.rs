//! A gateway over ports that a test holds in its hands.
//!
//! # Layout
//!
//! - `world`: the gateway with its models; requests, and what became of them.
//! - `fleet`: models and deployments with the usual settings.
//! - `server`: a model server that does what it is told. `answers`: what it says.
//! - `store`: a store that keeps, fails or panics; `conversations`: one that has none; `once`:
//!   one of keys. `sources`: time and randomness.

mod answers;
mod conversations;
mod fleet;
mod once;
mod server;
mod sources;
mod store;
mod world;

pub(crate) use answers::{DONE, chunk, names, rest, role, text};
pub(crate) use fleet::{deployment, model};
pub(crate) use server::{Play, Said, cut, status};
pub(crate) use sources::Spread;
pub(crate) use store::Keeps;
pub(crate) use world::{Declared, KEEP_ALIVE, SLOTS, World, chat, events, json, keyring, refused};
