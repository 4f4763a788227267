//! Conversations with the real binary over a model server that checks what it is sent.
//!
//! # Layout
//!
//! - `conditions`: what is wrong with a request or a model server, and the answer to it.
//! - `weaknesses`: what the reference does wrong, the other way round.
//! - `events`: the order of events of every kind of answer.
//! - `state`: what a continuation inherits, what is kept, listed and deleted.
//! - `cancellation`: clients that leave.
//! - `conversations`: `/v1/conversations`, and turns that work on one.
//! - `passthrough`: chat, completions, embeddings and models.
//! - `schema`: the fields that every object and event must have.
//! - `support`: what they share.
#![cfg(test)]

mod cancellation;
mod conditions;
mod conversations;
mod events;
mod passthrough;
mod schema;
mod state;
mod support;
mod weaknesses;
