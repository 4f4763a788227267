//! Wire protocols as pure code: bytes to [`Generation`](transom_core::request::Generation) and
//! [`Event`](transom_core::event::Event), and back. Nothing here reads, writes or waits.
//!
//! # Layout
//!
//! - [`scan`]: one validating pass over an untouched JSON body: UTF-8, depth, duplicate keys,
//!   numbers, and where the few fields lie that the gateway has to know.
//! - [`shield`]: what a request may ask of a model server.
//! - [`splice`]: rewrites those few fields and leaves every other byte as it came.
//! - [`sse`]: event streams, both directions.
//! - [`tap`]: watches a chat stream for its usage without decoding it.
//! - `grammar`: whether a text follows a regular expression or a grammar in Lark's notation.
//! - `logprob`: log probabilities in OpenAI's form.
//! - [`error`]: failures in OpenAI's shape.
//! - [`upstream`]: the two protocols in which typed requests reach a model server, as one: [`chat`] is
//!   `/v1/chat/completions`, [`native`] its own `/v1/responses`. `answer` has what both make items of.
//! - [`pdf`]: the text of PDF files.
//! - [`responses`] is the protocol towards clients, `/v1/responses`.

pub mod answer;
pub mod chat;
pub mod error;
mod grammar;
mod logprob;
pub mod native;
pub mod pdf;
pub mod responses;
pub mod scan;
pub mod shield;
pub mod splice;
pub mod sse;
pub mod tap;
pub mod upstream;
