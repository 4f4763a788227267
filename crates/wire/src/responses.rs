//! `/v1/responses`, towards clients: requests in, objects and event streams out.
//!
//! The shapes follow OpenAI's API reference and recordings of api.openai.com; every object written
//! here has the required fields of OpenAI's published schema. Where the two differ the
//! recordings hold (`user` may be null, for example).
//!
//! # Layout
//!
//! - [`request`]: the body of `POST /v1/responses`, what becomes of each of its fields, and how it
//!   joins its history into one [`Generation`](transom_core::request::Generation).
//! - [`tools`]: tools and tool choice, both ways.
//! - [`item`]: input, output and stored items, both ways.
//! - [`kinds`]: what becomes of every kind of tool, item and part.
//! - [`object`]: the response object.
//! - [`compaction`]: a conversation that has been summed up.
//! - [`conversation`]: the bodies and objects of `/v1/conversations`.
//! - [`input_tokens`]: the answer to a question after the tokens of a request.
//! - [`encode`]: events of the one stream into the API's events, or into one object.
//! - `read`, `path` and `refuse` read JSON so that every error names its field.

pub mod compaction;
pub mod conversation;
pub mod encode;
pub mod input_tokens;
pub mod item;
mod json;
pub mod kinds;
pub mod object;
mod path;
mod read;
mod refuse;
pub mod request;
pub mod tools;

#[cfg(test)]
pub(crate) mod sample;
