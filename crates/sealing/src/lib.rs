//! Text that clients carry and cannot read: a model's thoughts, and summaries of conversations.
//!
//! Nothing here reads, writes, or knows the time: randomness and time are parameters.
//!
//! # Layout
//!
//! - [`keyring`]: the keys of a gateway; seals with one of them and opens with all.
//! - [`key`]: one key and what is derived from it.
//! - `blob`: the bytes of a sealed text.

mod blob;
pub mod key;
pub mod keyring;
