//! The vocabulary of the gateway, and the ports its adapters implement.
//!
//! Nothing here reads, writes, waits or spawns. Every other crate speaks in these words, so a
//! newcomer can read this crate first and alone.
//!
//! # Layout
//!
//! - Who and when: [`scope`] (owners), [`caller`] (who asks), [`secret`], [`id`], [`clock`].
//! - What is said: [`item`] and [`content`] (what a conversation is made of), [`tool`],
//!   [`request`] (the one request), [`event`] (the one stream), [`transcript`] (the one place where
//!   deltas become items), [`usage`].
//! - Where it goes: [`model`] (what clients ask for), [`backend`] (what serves it), [`fleet`] (all of
//!   it, with the rules of sharing out).
//! - What goes wrong: [`failure`] (what a caller can tell apart), [`upstream_error`] (what a model
//!   server did).
//! - What the adapters implement: [`port`].

pub mod backend;
pub mod caller;
pub mod clock;
pub mod content;
pub mod event;
pub mod failure;
pub mod fleet;
pub mod id;
pub mod item;
pub mod model;
pub mod port;
pub mod request;
pub mod scope;
pub mod secret;
pub mod tool;
pub mod transcript;
pub mod upstream_error;
pub mod usage;

/// JSON that the gateway carries without reading it: tool parameters, schemas, metadata, vendor
/// fields. It is valid JSON by construction and keeps its spelling.
pub type Json = Box<serde_json::value::RawValue>;
