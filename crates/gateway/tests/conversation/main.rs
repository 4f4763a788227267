//! Conversations with the real binary over a model server that checks what it is sent.
//!
//! # Layout
//!
//! - `conditions`: what is wrong with a request or a model server, and the answer to it.
//! - `weaknesses`: what the reference does wrong, the other way round.
//! - `events`: the order of events of every kind of answer.
//! - `items`: items and tools of every kind: custom tools, hosted tools' history, files.
//! - `codex`: a task of Codex CLI in two turns.
//! - `grammar`: calls of custom tools that follow their grammar, and calls that do not.
//! - `compliance`: the cases of the Open Responses compliance suite.
//! - `sealed`: thoughts that clients carry sealed, and the keys; `compaction`: conversations summed up.
//! - `fields`: what becomes of every field of a request.
//! - `state`: what a continuation inherits, what is kept, listed and deleted.
//! - `cancellation`: clients that leave. `background`: turns that go on without them.
//! - `conversations`: `/v1/conversations`, and turns that work on one.
//! - `native`: model servers that are asked at their own `/v1/responses`.
//! - `once`: requests that are sent again with the same `Idempotency-Key`.
//! - `counting`: how many tokens a request has, and over all calls of a model.
//! - `truncation`: conversations that are too long for the model.
//! - `growing`: what the model server gets of a turn begins with what it got of the turn before.
//! - `pdf`: PDF files within requests.
//! - `passthrough`: chat, completions, embeddings and models.
//! - `schema`: the fields that every object and event must have.
//! - `socket`: WebSocket mode.
//! - `support`: what they share.
#![cfg(test)]

mod background;
mod cancellation;
mod codex;
mod compaction;
mod compliance;
mod conditions;
mod conversations;
mod counting;
mod events;
mod fields;
mod grammar;
mod growing;
mod items;
mod native;
mod once;
mod passthrough;
mod pdf;
mod schema;
mod sealed;
mod socket;
mod state;
mod support;
mod truncation;
mod weaknesses;
