//! `/v1/chat/completions` as the upstream of typed requests: a
//! [`Generation`](transom_core::request::Generation) goes out as a chat request, and its stream
//! comes back as [`Event`](transom_core::event::Event)s.
//!
//! # Layout
//!
//! - [`render`]: the request body. `messages` inside turns items into chat messages, the rest maps
//!   field by field.
//! - [`count_question`]: how many tokens would that be? `count` has the answers.
//! - [`Turns`]: a conversation, turn by turn, for those who leave old turns out.
//! - [`check_pairing`]: what has to hold of a conversation before it can be sent.
//! - [`Decoder`]: the stream. `chunk` has what servers write, `decode` what it means,
//!   `annotation` the form of citations.

mod annotation;
mod chunk;
mod count;
mod decode;
pub(crate) mod forced;
mod pairing;
pub(crate) mod render;
mod turns;

pub use count::{read_count, read_prompt, read_tokens, text_question};
pub use decode::Decoder;
pub use pairing::{Pairing, PairingKind, check_pairing};
pub use render::{
    Question, ReasoningField, ReasoningHistory, RenderOptions, after_model, ask as count_question,
    rename, render,
};
pub use turns::{Dropped, Turns};
